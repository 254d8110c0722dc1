package import SigV4

/// Tokens for Amazon MSK's IAM access control: a URL that is signed for one action, wrapped as text.
///
/// Source: Amazon MSK Developer Guide, "IAM access control"; what goes into the URL is what AWS's own signers put there
/// (github.com/aws/aws-msk-iam-sasl-signer-python and its sisters): `Action`, the signature, and after it, unsigned, a
/// `User-Agent`.
package struct ManagedStreamingTokens: BearerTokenSource {
    /// How long the URL, and so the token, is good for; the broker closes no connection at its end but wants a new one
    /// for the next.
    package static let lifetimeSeconds = 900

    private let region: String
    private let wallClock: @Sendable () -> Int
    private let credentials: @Sendable () async throws(BearerTokenError) -> Credentials

    /// - Parameters:
    ///   - region: the cluster's.
    ///   - wallClock: seconds since 1970.
    ///   - credentials: asked for each token; those of a principal that may `kafka-cluster:Connect`.
    package init(
        region: String, wallClock: @escaping @Sendable () -> Int,
        credentials: @escaping @Sendable () async throws(BearerTokenError) -> Credentials
    ) {
        self.region = region
        self.wallClock = wallClock
        self.credentials = credentials
    }

    /// A token under the credentials as they are now.
    package func token() async throws(BearerTokenError) -> BearerToken {
        let credentials = try await credentials()
        return Self.token(region: region, credentials: credentials, secondsSince1970: wallClock())
    }

    /// The token of one moment.
    static func token(
        region: String, credentials: Credentials, secondsSince1970 now: Int, userAgent: String = "linefeed"
    ) -> BearerToken {
        let host = "kafka.\(region).amazonaws.com"
        let query = Signer(region: region, service: "kafka-cluster").presignedQuery(
            signing: "GET", host: host, path: "/", query: [(name: "Action", value: "kafka-cluster:Connect")],
            credentials: credentials, date: SigningDate(secondsSince1970: now), expiresIn: lifetimeSeconds)
        return BearerToken(
            value: base64URL("https://\(host)/?\(query)&User-Agent=\(userAgent)"),
            expiresAtMilliseconds: Int64(now + lifetimeSeconds) * 1000,
            principal: credentials.accessKeyID)
    }

    /// The region in the name of a cluster's broker, such as `b-1.pool.abc123.c2.kafka.eu-central-1.amazonaws.com:9098`;
    /// nil where it is not Amazon's.
    package static func region(ofBroker broker: some StringProtocol) -> String? {
        let labels = broker.lowercased().prefix { $0 != ":" && $0 != "," }.split(separator: ".")
        guard let end = labels.firstIndex(of: "amazonaws"), end >= 3, labels[(end + 1)...].first == "com",
            ["kafka", "kafka-serverless"].contains(labels[end - 2])
        else { return nil }
        return String(labels[end - 1])
    }

    /// RFC 4648, section 5, without padding.
    private static func base64URL(_ text: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var encoded: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for byte in text.utf8 {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                encoded.append(alphabet[Int(bits >> count & 63)])
            }
        }
        if count > 0 { encoded.append(alphabet[Int(bits << (6 - count) & 63)]) }
        return String(decoding: encoded, as: UTF8.self)
    }
}
