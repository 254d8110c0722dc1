import Crypto
import Foundation
import LookoutVision
import Testing

@testable import SigV4

/// A signature holds for one request. Whatever else is made of request or signature is refused, or means the same.
@Suite("Fuzzed signatures", .timeLimit(.minutes(10)))
struct VerifierFuzzTests {
    private static let now = 1_800_000_000
    private static let secret = "fuzz-secret-0123456789"
    private static let tokens = [
        "AWS4-HMAC-SHA256 ", "Credential=", "SignedHeaders=", "Signature=", ", ", ",", ";", "/", "=", " ", "host",
        "x-amz-date", "authorization", "aws4_request", "lookoutvision", "us-east-1", "20270115T080000Z", "\t", "\r\n",
        "\0",
        "UNSIGNED-PAYLOAD", "\u{e9}", String(repeating: "0", count: 64), "\n", ":", "x-amz-security-token: t", "..",
        "%",
    ]

    /// Method, target and headers of a text such as the head of a request.
    private static func request(_ bytes: [UInt8]) -> ReceivedRequest {
        let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\n")
        let first = (lines.first ?? "").components(separatedBy: " ")
        let headers = lines.dropFirst().map { line -> (name: String, value: String) in
            let name = line.prefix { $0 != ":" }
            return (String(name), String(line.dropFirst(name.count + 1)))
        }
        return ReceivedRequest(
            method: first[0], target: first.dropFirst().joined(separator: " "), headers: headers)
    }

    private static func canonical(_ request: ReceivedRequest, _ claim: SignatureClaim, _ hash: String) -> [UInt8] {
        CanonicalRequest(
            method: request.method, path: request.path, query: request.query,
            headers: request.headers.filter { claim.signedHeaders.contains($0.name) }, payloadSHA256: hash
        ).bytes
    }

    /// The corpus is of heads without a signature; here each gets one.
    private static func signed(_ bytes: [UInt8]) -> [UInt8] {
        let request = request(bytes)
        let added = Signer(region: "us-east-1", service: WireNames.signingName).headers(
            signing: request.method, path: request.path, query: request.query, headers: request.headers,
            payloadSHA256: emptyHash, credentials: Credentials(accessKeyID: "FUZZ", secretAccessKey: secret),
            date: SigningDate(secondsSince1970: now))
        return bytes + Array(added.map { "\n\($0.name):\($0.value)" }.joined().utf8)
    }

    private static let emptyHash = SHA256.hash(data: [UInt8]()).withUnsafeBytes(Hexadecimal.encode)

    @Test func onlyWhatMeansTheSameIsAccepted() throws {
        let heads = try FuzzPlan.corpus("heads").map { $0.last == 0x0A ? Array($0.dropLast()) : $0 }.map(Self.signed)
        let verifier = Verifier(
            service: WireNames.signingName, region: nil, protectedHeaders: [WireNames.clientToken])
        func accepted(_ bytes: [UInt8]) -> [UInt8]? {
            let request = Self.request(bytes)
            guard let claim = try? verifier.claim(of: request, now: Self.now),
                (try? verifier.verify(
                    claim, of: request, payloadSHA256: Self.emptyHash, secretAccessKey: Self.secret)) != nil
            else { return nil }
            return Self.canonical(request, claim, Self.emptyHash)
        }
        let meanings = Set(heads.compactMap(accepted))
        #expect(meanings.count == heads.count)
        let mutator = Mutator(corpus: heads, tokens: Self.tokens)
        var count = 0
        for index in 0..<FuzzPlan.count {
            var random = FuzzPlan.random(index)
            let input = mutator.make(&random)
            guard let meaning = accepted(input) else { continue }
            count += 1
            #expect(meanings.contains(meaning), "accepted: \(FuzzPlan.recipe(index, input))")
        }
        print("seed \(FuzzPlan.seed), \(FuzzPlan.count) signatures, \(count) of them accepted, all for what was signed")
    }
}
