import Certificates
import Crypto
import Foundation
import Kafka
import NIOSSL
import SigV4
import Synchronization
import Testing

/// Logins over real TCP: what the client sends is checked by the other side.
@Suite(.timeLimit(.minutes(5))) struct SecurityTests {
    private let cluster: EmbeddedCluster

    init() throws {
        cluster = try EmbeddedCluster(topics: [(name: "topic", partitions: 1)])
    }

    private let journal = Journal()

    /// librdkafka's log lines, and the wait for one of them.
    private final class Journal: Sendable {
        let lines = Mutex<[String]>([])
        private let continuation: AsyncStream<String>.Continuation
        let stream: AsyncStream<String>

        init() { (stream, continuation) = AsyncStream.makeStream() }

        var text: String { lines.withLock { $0.joined(separator: "\n") } }

        func add(_ line: String) {
            lines.withLock { $0.append(line) }
            continuation.yield(line)
        }

        /// Whether a line with one of these texts comes.
        func hears(_ texts: [String]) async -> Bool {
            for await line in stream where texts.contains(where: { line.contains($0) }) { return true }
            return false
        }
    }

    private func properties(_ front: SecurityFront, _ more: KafkaProperties) -> KafkaProperties {
        let own: KafkaProperties = [
            "bootstrap.servers": front.bootstrapServers, "reconnect.backoff.ms": "10", "reconnect.backoff.max.ms": "50",
            "message.timeout.ms": "60000",
        ]
        return own.overridden(by: more)
    }

    private func reader(_ front: SecurityFront, _ more: KafkaProperties) throws -> ClusterReader {
        try ClusterReader(properties: properties(front, more)) { [journal] _, facility, text in
            journal.add("\(facility) \(text)")
        }
    }

    /// A record goes in and comes out through the front.
    private func roundTrip(_ front: SecurityFront, _ more: KafkaProperties) async throws {
        let producer = try Producer(properties: properties(front, more)) { [journal] _, facility, text in
            journal.add("\(facility) \(text)")

        }
        let delivery: Delivery
        do {
            delivery = try await producer.send(topic: "topic", partition: 0, key: nil, value: Array("x".utf8))
        } catch {
            Issue.record("\(journal.text)")
            throw error
        }
        await producer.close(deadline: .seconds(2))
        let offset = try #require(delivery.offset)
        let record = try await reader(front, more).record("topic", partition: 0, offset: offset, timeout: .seconds(30))
        #expect(record?.value == Array("x".utf8))
    }

    private func isRefused(_ front: SecurityFront, _ more: KafkaProperties, _ reasons: String...) async throws {
        let reader = try reader(front, more)
        async let heard = journal.hears(reasons)
        await #expect(throws: KafkaError.self) {
            try await reader.partitionCount(of: "topic", timeout: .milliseconds(1500))
        }
        #expect(await heard)
    }

    // MARK: - TLS

    private static let certificates = Result { try Certificates() }

    private func clientTLS(_ certificates: Certificates, _ name: String? = "client") -> KafkaProperties {
        var result: KafkaProperties = ["security.protocol": "ssl", "ssl.ca.location": certificates.path("ca.pem")]
        if let name {
            result["ssl.certificate.location"] = certificates.path("\(name).pem")
            result["ssl.key.location"] = certificates.path("\(name).key")
        }
        return result
    }

    @Test func aClientCertificateOpensTheDoor() async throws {
        let certificates = try Self.certificates.get()
        try await SecurityFront.run(before: cluster, tls: try certificates.server(asksForClients: true)) { front in
            try await roundTrip(front, clientTLS(certificates))
        }
    }

    @Test(arguments: [nil, "stranger"]) func withoutTheRightOneItStaysShut(_ name: String?) async throws {
        let certificates = try Self.certificates.get()
        try await SecurityFront.run(before: cluster, tls: try certificates.server(asksForClients: true)) { front in
            try await isRefused(front, clientTLS(certificates, name), "SSL", "Disconnected")
        }
    }

    @Test func aServerThatIsSomebodyElseIsNotSpokenTo() async throws {
        let certificates = try Self.certificates.get()
        try await SecurityFront.run(
            before: cluster, tls: try certificates.server("elsewhere", asksForClients: false)
        ) { front in
            try await isRefused(front, clientTLS(certificates, nil), "certificate verify failed")
        }
    }

    @Test func aServerByAnAuthorityThatNobodyTrustsIsNotSpokenTo() async throws {
        let certificates = try Self.certificates.get()
        try await SecurityFront.run(before: cluster, tls: try certificates.server(asksForClients: false)) { front in
            var properties = clientTLS(certificates, nil)
            properties["ssl.ca.location"] = certificates.path("stranger-ca.pem")
            try await isRefused(front, properties, "certificate verify failed")
        }
    }

    // MARK: - Passwords

    private static let passwords: [SASLLogin.Expectation] = [
        .plain(user: "pool", password: "pass=wörd,"), .scram(user: "pool", password: "pass=wörd,", is512: false),
        .scram(user: "pool", password: "pass=wörd,", is512: true),
    ]

    private func login(_ mechanism: String, _ password: String) -> KafkaProperties {
        [
            "security.protocol": "sasl_plaintext", "sasl.mechanism": mechanism, "sasl.username": "pool",
            "sasl.password": password,
        ]
    }

    @Test(arguments: passwords) func aPasswordOpensTheDoor(_ expected: SASLLogin.Expectation) async throws {
        let certificates = try Self.certificates.get()
        try await SecurityFront.run(
            before: cluster, tls: try certificates.server(asksForClients: true), login: expected
        ) { front in
            var properties = clientTLS(certificates).overridden(by: login(expected.mechanism, "pass=wörd,"))
            properties["security.protocol"] = "sasl_ssl"
            try await roundTrip(front, properties)
            #expect(front.logins.contains(.init(mechanism: expected.mechanism, isAccepted: true)))
            #expect(!journal.text.contains("wörd"))
        }
    }

    /// The coordinator is another connection than the one that the cluster was asked over.
    @Test func aGroupIsJoinedReadAndCommittedForBehindALogin() async throws {
        let certificates = try Self.certificates.get()
        try await fill(cluster, "topic", 0..<5)
        try await SecurityFront.run(
            before: cluster, tls: try certificates.server(asksForClients: true), login: Self.passwords[0]
        ) { front in
            var properties = clientTLS(certificates).overridden(by: login("PLAIN", "pass=wörd,"))
            properties["security.protocol"] = "sasl_ssl"
            properties["bootstrap.servers"] = front.bootstrapServers
            let member = try Member(cluster, topic: "topic", group: "g", properties: properties)
            try await member.journal.wait { $0.records.count == 5 }
            member.perform { control in
                _ = control.commit(
                    [OffsetCommit(partition: 0, offset: 5, metadata: "bGVkZ2Vy")], deadline: .seconds(30))
            }
            try await member.journal.wait { !$0.commits.isEmpty }
            _ = await member.close()
        }
        let committed = try await ClusterReader(
            properties: ["bootstrap.servers": cluster.bootstrapServers], group: "g"
        ).committedOffsets(of: "topic", timeout: .seconds(30))
        #expect(committed.map(\.offset) == [5] && committed.map(\.metadata) == ["bGVkZ2Vy"])
    }

    @Test(arguments: passwords) func aWrongPasswordDoesNot(_ expected: SASLLogin.Expectation) async throws {
        try await SecurityFront.run(before: cluster, login: expected) { front in
            try await isRefused(front, login(expected.mechanism, "hidden"), "uthentication fail", "SASL")
            #expect(front.logins.allSatisfy { !$0.isAccepted } && !front.logins.isEmpty)
            #expect(!journal.text.contains("hidden"))
        }
    }

    @Test func anotherMechanismThanTheBrokers() async throws {
        try await SecurityFront.run(before: cluster, login: Self.passwords[1]) { front in
            try await isRefused(front, login("PLAIN", "hidden"), "PLAIN")
        }
    }

    // MARK: - Tokens

    /// Gives what it has been told to, one after the other, the last for ever.
    private final class Tokens: BearerTokenSource {
        private let answers: Mutex<[Result<BearerToken, BearerTokenError>]>
        private let calls: AsyncStream<Void>.Continuation
        let asked: AsyncStream<Void>

        init(_ answers: Result<BearerToken, BearerTokenError>...) {
            self.answers = Mutex(answers)
            (asked, calls) = AsyncStream.makeStream()
        }

        func token() async throws(BearerTokenError) -> BearerToken {
            calls.yield()
            return try answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }.get()
        }

        static func good(_ value: String, seconds: Double, _ extensions: [String: String] = [:]) -> BearerToken {
            BearerToken(
                value: value, expiresAtMilliseconds: Int64((Date.now.timeIntervalSince1970 + seconds) * 1000),
                principal: "pool", extensions: extensions)
        }
    }

    private func bearer(_ tokens: any BearerTokenSource) -> KafkaProperties {
        var result: KafkaProperties = ["security.protocol": "sasl_plaintext", "sasl.mechanism": "OAUTHBEARER"]
        result.tokens = tokens
        return result
    }

    @Test func aTokenAndItsExtensions() async throws {
        let extensions = ["logicalCluster": "lkc-1", "identityPoolId": "pool-2"]
        let tokens = Tokens(.success(Tokens.good("hidden.jwt", seconds: 900, extensions)))
        try await SecurityFront.run(before: cluster, login: .bearer { $0 == "hidden.jwt" }) { front in
            try await roundTrip(front, bearer(tokens))
            #expect(front.logins.allSatisfy { $0.isAccepted && $0.extensions == extensions })
            #expect(!front.logins.isEmpty)
            #expect(!journal.text.contains("hidden"))
        }
    }

    /// What a broker of Amazon MSK does with it: takes the URL apart and computes the signature itself.
    @Test func aTokenForAmazonHoldsWhereItIsChecked() async throws {
        let credentials = Credentials(accessKeyID: "ASIA", secretAccessKey: "hidden", sessionToken: "hidden/+=")
        let tokens = ManagedStreamingTokens(
            region: "eu-central-1", wallClock: { Int(Date.now.timeIntervalSince1970) }, credentials: { credentials })
        try await SecurityFront.run(before: cluster, login: .bearer { Self.isSigned($0, by: credentials) }) { front in
            try await roundTrip(front, bearer(tokens))
            #expect(!journal.text.contains("hidden"))
        }
    }

    private static func isSigned(_ token: String, by credentials: Credentials) -> Bool {
        let padded = token.replacing("-", with: "+").replacing("_", with: "/")
        guard let data = Data(base64Encoded: padded + String(repeating: "=", count: (4 - padded.count % 4) % 4)),
            let url = URLComponents(string: String(decoding: data, as: UTF8.self)), let host = url.host,
            let items = url.queryItems
        else { return false }
        func value(_ name: String) -> String { items.first { $0.name == name }?.value ?? "" }
        let signed = (url.percentEncodedQuery ?? "").split(separator: "&")
            .filter { !$0.hasPrefix("X-Amz-Signature=") && !$0.hasPrefix("User-Agent=") }.joined(separator: "&")
        let request = CanonicalRequest(
            method: "GET", path: "/", query: signed, headers: [(name: "host", value: host)],
            payloadSHA256: SHA256.hash(data: Data()).withUnsafeBytes(Hexadecimal.encode))
        let scope = CredentialScope(
            day: String(value("X-Amz-Date").prefix(8)), region: "eu-central-1", service: "kafka-cluster")
        let text = Signature.stringToSign(request, timestamp: value("X-Amz-Date"), scope: scope)
        let expected = Signature.signature(of: text, secretAccessKey: credentials.secretAccessKey, scope: scope)
        return host == "kafka.eu-central-1.amazonaws.com" && value("Action") == "kafka-cluster:Connect"
            && value("X-Amz-Expires") == "900" && value("X-Amz-Security-Token") == credentials.sessionToken
            && value("X-Amz-Credential") == "ASIA/\(scope.text)" && value("X-Amz-Signature") == expected
    }

    @Test func aTokenIsRenewedInTheBackgroundWhileNobodyPolls() async throws {
        let tokens = Tokens(
            .success(Tokens.good("one", seconds: 3)), .success(Tokens.good("two", seconds: 900)))
        try await SecurityFront.run(before: cluster, login: .bearer { _ in true }) { front in
            var asked = tokens.asked.makeAsyncIterator()
            let reader = try reader(front, bearer(tokens))
            await asked.next()
            // No call of the reader is needed for the second.
            await asked.next()
            #expect(try await reader.partitionCount(of: "topic", timeout: .seconds(30)) == 1)
        }
    }

    /// librdkafka asks again 10 seconds after a failure.
    @Test func aFailureIsReportedAndTriedAgain() async throws {
        let tokens = Tokens(
            .failure(BearerTokenError("no credentials")), .success(Tokens.good("two", seconds: 900)))
        try await SecurityFront.run(before: cluster, login: .bearer { $0 == "two" }) { front in
            let reader = try reader(front, bearer(tokens))
            #expect(await journal.hears(["no credentials"]))
            #expect(try await reader.partitionCount(of: "topic", timeout: .seconds(60)) == 1)
        }
    }

    @Test func aTokenThatHasExpiredIsRefusedHere() async throws {
        let tokens = Tokens(.success(Tokens.good("old", seconds: -1)))
        try await SecurityFront.run(before: cluster, login: .bearer { _ in true }) { front in
            let reader = try reader(front, bearer(tokens))
            #expect(await journal.hears(["Must supply an unexpired token"]))
            withExtendedLifetime(reader) {}
            #expect(front.logins.isEmpty)
        }
    }

    @Test func theUnsecuredTokensOfLibrdkafkaNeedNobodyToPollEither() async throws {
        let properties: KafkaProperties = [
            "security.protocol": "sasl_plaintext", "sasl.mechanism": "OAUTHBEARER",
            "enable.sasl.oauthbearer.unsecure.jwt": "true", "sasl.oauthbearer.config": "principal=pool",
        ]
        try await SecurityFront.run(before: cluster, login: .bearer { $0.hasPrefix("eyJ") }) { front in
            try await roundTrip(front, properties)
        }
    }

    /// A client goes while its token is on the way.
    @Test func aClientMayGoBeforeItsTokenComes() async throws {
        let gate = Gate()
        try await SecurityFront.run(before: cluster, login: .bearer { _ in true }) { front in
            do {
                let reader = try reader(front, bearer(gate))
                await gate.isAsked()
                withExtendedLifetime(reader) {}
            }
            gate.open(Tokens.good("late", seconds: 900))
        }
    }

    private final class Gate: BearerTokenSource {
        private let waiting = Mutex<CheckedContinuation<BearerToken, Never>?>(nil)
        private let calls: AsyncStream<Void>.Continuation
        private let asked: AsyncStream<Void>

        init() { (asked, calls) = AsyncStream.makeStream() }

        func isAsked() async {
            for await _ in asked { return }
        }

        func open(_ token: BearerToken) {
            waiting.withLock { $0.take() }?.resume(returning: token)
        }

        func token() async throws(BearerTokenError) -> BearerToken {
            await withCheckedContinuation { continuation in
                waiting.withLock { $0 = continuation }
                calls.yield()
            }
        }
    }
}
