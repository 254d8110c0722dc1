import Crypto
import Foundation
import NIOCore

/// The broker's side of one SASL login, up to its end.
struct SASLLogin {
    /// What a client has to show.
    enum Expectation: Sendable {
        /// RFC 4616.
        case plain(user: String, password: String)
        /// RFC 5802, with SHA-256 or SHA-512.
        case scram(user: String, password: String, is512: Bool)
        /// RFC 7628; any token that this takes.
        case bearer(@Sendable (String) -> Bool)

        var mechanism: String {
            switch self {
            case .plain: "PLAIN"
            case .scram(_, _, let is512): is512 ? "SCRAM-SHA-512" : "SCRAM-SHA-256"
            case .bearer: "OAUTHBEARER"
            }
        }
    }

    /// How it ended.
    struct Outcome: Sendable, Equatable {
        var mechanism: String
        var isAccepted: Bool
        /// OAUTHBEARER: the token as it came; and the extensions.
        var token: String?
        var extensions: [String: String] = [:]
    }

    private let expectation: Expectation
    private var mechanism = ""
    private var exchange = ""
    private var nonce = ""
    private(set) var outcome: Outcome?
    var isDone: Bool { outcome?.isAccepted ?? false }

    init(_ expectation: Expectation) {
        self.expectation = expectation
    }

    /// SaslHandshake, versions 0 and 1.
    mutating func shakeHands(_ request: inout ByteBuffer, _ answer: inout ByteBuffer) {
        mechanism = request.readLengthPrefixedString(as: Int16.self) ?? ""
        let isKnown = mechanism == expectation.mechanism
        // 33 is UNSUPPORTED_SASL_MECHANISM.
        answer.writeInteger(Int16(isKnown ? 0 : 33))
        answer.writeInteger(Int32(1))
        answer.writeLengthPrefixed(expectation.mechanism)
        if !isKnown { outcome = Outcome(mechanism: mechanism, isAccepted: false) }
    }

    /// SaslAuthenticate, versions 0 and 1.
    mutating func authenticate(_ request: inout ByteBuffer, version: Int16, _ answer: inout ByteBuffer) {
        let message = request.readLengthPrefixedString(as: Int32.self) ?? ""
        let reply =
            switch expectation {
            case .plain(let user, let password): message == "\0\(user)\0\(password)" ? end("") : end(nil)
            case .bearer(let isGood): endBearer(message, isGood)
            case .scram(let user, let password, let is512):
                is512
                    ? scram(message, user, password, SHA512.self) : scram(message, user, password, SHA256.self)
            }
        // 58 is SASL_AUTHENTICATION_FAILED.
        answer.writeInteger(Int16(reply == nil ? 58 : 0))
        answer.writeLengthPrefixed(reply == nil ? "who are you?" : "")
        answer.writeInteger(Int32(reply?.utf8.count ?? 0))
        answer.writeString(reply ?? "")
        if version >= 1 { answer.writeInteger(Int64(0)) }
    }

    private mutating func end(_ reply: String?) -> String? {
        outcome = Outcome(mechanism: mechanism, isAccepted: reply != nil)
        return reply
    }

    private mutating func endBearer(_ message: String, _ isGood: (String) -> Bool) -> String? {
        let parts = message.split(separator: "\u{1}", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 4, parts[0] == "n,,", let field = parts.first(where: { $0.hasPrefix("auth=Bearer ") }),
            parts.suffix(2) == ["", ""]
        else { return end(nil) }
        let token = String(field.dropFirst("auth=Bearer ".count))
        var outcome = Outcome(mechanism: mechanism, isAccepted: isGood(token), token: token)
        for part in parts where part != field && part.contains("=") {
            let pair = part.split(separator: "=", maxSplits: 1)
            outcome.extensions[String(pair[0])] = String(pair[1])
        }
        self.outcome = outcome
        return outcome.isAccepted ? "" : nil
    }

    private mutating func scram<Hash: HashFunction>(
        _ message: String, _ user: String, _ password: String, _: Hash.Type
    ) -> String? {
        guard !exchange.isEmpty else {
            guard message.hasPrefix("n,,n=\(user),r=") else { return end(nil) }
            let bare = String(message.dropFirst(3))
            nonce = bare.drop { $0 != "," }.dropFirst(3) + "3rfcNHYJY1ZVvWVs7j"
            let challenge = "r=\(nonce),s=\(Data(Self.salt).base64EncodedString()),i=4096"
            exchange = "\(bare),\(challenge)"
            return challenge
        }
        guard let proofStart = message.range(of: ",p=", options: .backwards),
            let proof = Data(base64Encoded: String(message[proofStart.upperBound...])),
            // As Apache Kafka's server looks at it: librdkafka up to 2.6.0 repeats its own half in front.
            message.hasPrefix("c=biws,r="), message[..<proofStart.lowerBound].hasSuffix(nonce)
        else { return end(nil) }
        let signed = Array("\(exchange),\(message[..<proofStart.lowerBound])".utf8)
        func code(_ text: [UInt8], _ key: [UInt8]) -> [UInt8] {
            Array(HMAC<Hash>.authenticationCode(for: text, using: SymmetricKey(data: key)))
        }
        var salted = code(Self.salt + [0, 0, 0, 1], Array(password.utf8))
        var last = salted
        for _ in 1..<4096 {
            last = code(last, Array(password.utf8))
            for index in salted.indices { salted[index] ^= last[index] }
        }
        let clientKey = code(Array("Client Key".utf8), salted)
        let signature = code(signed, Array(Hash.hash(data: clientKey)))
        guard Array(proof) == zip(clientKey, signature).map({ $0 ^ $1 }) else { return end(nil) }
        let serverSignature = code(signed, code(Array("Server Key".utf8), salted))
        return end("v=\(Data(serverSignature).base64EncodedString())")
    }

    private static let salt = Array("a salt for tests".utf8)
}

extension ByteBuffer {
    fileprivate mutating func readLengthPrefixedString<Length: FixedWidthInteger>(as: Length.Type) -> String? {
        readLengthPrefixedSlice(as: Length.self).map { String(buffer: $0) }
    }

    fileprivate mutating func writeLengthPrefixed(_ text: String) {
        writeInteger(Int16(text.utf8.count))
        writeString(text)
    }
}
