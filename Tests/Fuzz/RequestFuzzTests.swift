import Crypto
import Foundation
import LookoutVision
import RawHTTP
import SigV4
import Synchronization
import Testing

/// Bytes over TCP to the real server: it never crashes, never answers that it is at fault, and never keeps silent.
@Suite("Fuzzed requests", .serialized, .timeLimit(.minutes(10)))
struct RequestFuzzTests {
    private static let connections = 8
    private static let tokens = [
        "\r\n", "\r", "\n", "\r\n\r\n", "\0", " ", "\t", ":", "HTTP/1.1", "HTTP/2.0", "Host: x\r\n",
        "Content-Length: 5\r\n",
        "Content-Length: -1\r\n", "Content-Length: 18446744073709551616\r\n", "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n", "Expect: 100-continue\r\n", "Connection: close\r\n", "Upgrade: h2c\r\n",
        "X-Amzn-Client-Token: t\r\n", "5\r\nhello\r\n", "0\r\n\r\n", "ffffffffffffffff\r\n", "-1\r\n", "%00", "%",
        "%zz", "%2F",
        "..", "/../", "//", "?", "#", "&", "=", "{", "}", "[", "]", "\"", "\\u0000", "\\ud800", "\u{e9}", "null",
        "1e999",
        "maxResults=1", "nextToken=", "labeled=true", "createdBefore=2020-01-01T00:00:00Z", "\u{feff}", "*", "GET ",
        "PATCH ",
        "CONNECT ", "OPTIONS ", "{\"ProjectName\":\"boards\"}", "{\"Changes\":\"e30=\"}",
    ]

    @Test("An open server answers each, and not with a fault of its own")
    func open() async throws {
        try await fuzz(isOpen: true) { input, _ in input }
    }

    @Test("So does one with keys, where the changes were made after signing or before")
    func closed() async throws {
        try await fuzz(isOpen: false) { input, random in
            Bool.random(using: &random) ? Self.signed(input) : input
        }
    }

    private func fuzz(
        isOpen: Bool, _ finish: @escaping @Sendable ([UInt8], inout FuzzRandom) -> [UInt8]
    ) async throws {
        let corpus = try FuzzPlan.corpus("requests")
        // In a server with keys the corpus itself is signed, so that some of what grows from it gets past the door.
        let mutator = Mutator(corpus: isOpen ? corpus : corpus + corpus.map(Self.signed), tokens: Self.tokens)
        try await ServerUnderFuzz.run(isOpen: isOpen) { server in
            for (index, request) in corpus.enumerated() {
                let bytes = isOpen ? request : Self.signed(request)
                let found = try await RawConnection.onThread { try Self.exchange(bytes, server) }
                #expect(found.allSatisfy { (200..<500).contains($0) } && !found.isEmpty, "corpus \(index): \(found)")
            }
            let run = Run()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<Self.connections {
                    group.addTask {
                        try await RawConnection.onThread {
                            while let index = run.next() {
                                var random = FuzzPlan.random(index)
                                let input = finish(mutator.make(&random), &random)
                                do {
                                    let found = try Self.exchange(input, server)
                                    run.count(found)
                                    if let fault = found.first(where: { $0 >= 500 }) {
                                        Issue.record("\(fault) to \(FuzzPlan.recipe(index, input))")
                                    }
                                } catch {
                                    Issue.record("\(error) to \(FuzzPlan.recipe(index, input))")
                                }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let list = Array("GET /2020-11-20/projects HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
            let last = try await RawConnection.onThread { try Self.exchange(isOpen ? list : Self.signed(list), server) }
            #expect(last == [200], "the server is no longer what it was")
            print("seed \(FuzzPlan.seed), \(FuzzPlan.count) requests, answers \(run.answers)")
        }
    }

    /// What the threads of one run share.
    private final class Run: Sendable {
        private let indices = Atomic(0)
        private let tally = Mutex<[Int: Int]>([:])

        /// The next input to be made; nil at the end.
        func next() -> Int? {
            let index = indices.wrappingAdd(1, ordering: .relaxed).oldValue
            return index < FuzzPlan.count ? index : nil
        }

        func count(_ statuses: [Int]) {
            tally.withLock { for status in statuses { $0[status, default: 0] += 1 } }
        }

        var answers: String {
            tally.withLock { $0 }.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
        }
    }

    /// Sends all, says that this is all, and reads to the end: an orderly one, or none where the server has hung up.
    private static func exchange(_ bytes: [UInt8], _ server: ServerUnderFuzz) throws -> [Int] {
        let connection = try RawConnection(port: server.port)
        if try connection.send(bytes) { connection.endSending() }
        return statuses(in: try connection.read())
    }

    /// The request with a signature that fits, as far as it looks like a request.
    private static func signed(_ bytes: [UInt8]) -> [UInt8] {
        let end = Array("\r\n\r\n".utf8)
        guard let gap = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) else { return bytes }
        let lines = String(decoding: bytes[..<gap], as: UTF8.self).components(separatedBy: "\r\n")
        let request = (lines.first ?? "").components(separatedBy: " ")
        guard request.count == 3 else { return bytes }
        let path = request[1].prefix { $0 != "?" }
        let headers = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
            let name = line.prefix { $0 != ":" }
            guard ["host", "x-amzn-client-token", "content-type"].contains(name.lowercased()) else { return nil }
            return (String(name), String(line.dropFirst(name.count + 1)))
        }
        let added = Signer(region: "us-east-1", service: WireNames.signingName).headers(
            signing: request[0], path: String(path), query: String(request[1].dropFirst(path.count + 1)),
            headers: headers, payloadSHA256: SHA256.hash(data: bytes[(gap + 4)...]).withUnsafeBytes(Hexadecimal.encode),
            credentials: Credentials(
                accessKeyID: ServerUnderFuzz.key.id, secretAccessKey: ServerUnderFuzz.key.secret),
            date: SigningDate(secondsSince1970: Int(Date().timeIntervalSince1970)))
        let extra = added.map { "\r\n\($0.name): \($0.value)" }.joined()
        return bytes[..<gap] + Array(extra.utf8) + bytes[gap...]
    }
}
