import NIOCore
import Synchronization

/// Slows down who guesses names and secrets: each client may be wrong a few times at once and then now and then; until it
/// may again, its right guesses are refused too.
///
/// A client is an address, of IPv6 a network of 64 bits, which is what one customer of a provider has. Of many clients at
/// a time some share one account, so that memory is bounded whoever comes.
final class FailedAttempts: Sendable {
    static let atOnce = 10.0
    /// A second; ten a minute.
    static let rate = 1.0 / 6
    private static let mostClients = 4_096

    private struct Accounts {
        var buckets: [[UInt8]: TokenBucket] = [:]
        /// Of those for whom there was no room.
        var others: TokenBucket
    }

    private let now: @Sendable () -> Timestamp
    private let accounts: Mutex<Accounts>

    init(now: @escaping @Sendable () -> Timestamp) {
        self.now = now
        accounts = Mutex(Accounts(others: TokenBucket(capacity: Self.atOnce, rate: Self.rate, now: now())))
    }

    /// Whole seconds for which the client may not try again; nil where it may.
    func wait(of client: SocketAddress?) -> Int? {
        let (name, now) = (Self.name(of: client), now())
        let wait = accounts.withLock { accounts in
            if accounts.buckets[name] != nil { return accounts.buckets[name]?.wait(now: now) }
            // Who is new has not been wrong yet, unless there is no room to know.
            return accounts.buckets.count < Self.mostClients ? nil : accounts.others.wait(now: now)
        }
        return wait.map { Int($0.rounded(.up)) }
    }

    /// The client was wrong.
    func note(_ client: SocketAddress?) {
        let (name, now) = (Self.name(of: client), now())
        accounts.withLock { accounts in
            if accounts.buckets[name] == nil, accounts.buckets.count >= Self.mostClients {
                for name in Array(accounts.buckets.keys) where accounts.buckets[name]?.isFull(now: now) == true {
                    accounts.buckets[name] = nil
                }
            }
            if accounts.buckets[name] != nil || accounts.buckets.count < Self.mostClients {
                let new = TokenBucket(capacity: Self.atOnce, rate: Self.rate, now: now)
                _ = accounts.buckets[name, default: new].take(now: now)
            } else {
                _ = accounts.others.take(now: now)
            }
        }
    }

    private static func name(of client: SocketAddress?) -> [UInt8] {
        switch client {
        // Family and port come before the address, and of IPv6 four bytes more; source: ip(7), ipv6(7).
        case .v4(let address): return withUnsafeBytes(of: address.address) { Array($0[4..<8]) }
        case .v6(let address):
            let bytes = withUnsafeBytes(of: address.address) { Array($0[8..<24]) }
            return bytes.starts(with: Self.mapped) ? Array(bytes.suffix(4)) : Array(bytes.prefix(8))
        case .unixDomainSocket, nil: return []
        }
    }

    /// How an address of version 4 begins as one of version 6. Source: RFC 4291, section 2.5.5.2.
    private static let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
}
