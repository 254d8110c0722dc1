internal import DatasetClient
internal import FoundationEssentials
internal import Kafka

/// Where the tokens for `sasl.mechanism=OAUTHBEARER` come from, as `sasl.oauthbearer.method` says.
///
/// `oidc` takes librdkafka's own properties but does not leave the work to it: Debian builds it without libcurl. The
/// authorities of `ssl.ca.location` are believed about the token endpoint too, beside the system's: brokers often have an
/// authority of their own while the OAuth server has a public one.
/// `aws-msk-iam` is not librdkafka's; its region is `region=…` in `sasl.oauthbearer.config`, else that in the broker's
/// name, else the environment's.
enum KafkaTokens {
    /// Why there can be no tokens; names the property.
    struct Mistake: Error, Hashable, CustomStringConvertible {
        let description: String
    }

    /// Gives the properties their token source, if the method is one of ours, and takes the properties away that are
    /// about the source alone.
    static func install(
        in properties: inout KafkaProperties, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(Mistake) {
        let source: any BearerTokenSource
        switch properties[method]?.lowercased() {
        case "aws-msk-iam":
            source = try managedStreaming(properties, environment)
            // Its brokers take nothing else.
            if properties["security.protocol"] == nil { properties["security.protocol"] = "sasl_ssl" }
        case "oidc": source = try clientCredentials(properties)
        default: return
        }
        if properties["sasl.mechanism"] == nil, properties["sasl.mechanisms"] == nil {
            properties["sasl.mechanism"] = "OAUTHBEARER"
        }
        for name in [method, "sasl.oauthbearer.config"] + oidcProperties { properties[name] = nil }
        properties.tokens = source
    }

    private static let method = "sasl.oauthbearer.method"
    private static let oidcProperties = ["client.id", "client.secret", "token.endpoint.url", "scope", "extensions"]
        .map { "sasl.oauthbearer.\($0)" }

    private static func managedStreaming(
        _ properties: KafkaProperties, _ environment: [String: String]
    ) throws(Mistake) -> any BearerTokenSource {
        let configured = try pairs(properties["sasl.oauthbearer.config"] ?? "", by: " ", "sasl.oauthbearer.config")
        let region =
            configured["region"] ?? ManagedStreamingTokens.region(ofBroker: properties["bootstrap.servers"] ?? "")
            ?? AWSAccess.region(in: environment)
        guard let region, !region.isEmpty else {
            throw Mistake(description: "sasl.oauthbearer.config: say region=…, since the broker's name does not")
        }
        let chain = AWSAccess(region: region, environment: environment).chain(isForAWS: true)
        return ManagedStreamingTokens(region: region, wallClock: TimeSource.system.wallClock) {
            () async throws(BearerTokenError) in
            do throws(CredentialError) {
                if let credentials = try await chain.credentials() { return credentials }
                throw CredentialError.absent("there are no credentials")
            } catch {
                throw BearerTokenError("credentials: \(error)")
            }
        }
    }

    private static func clientCredentials(_ properties: KafkaProperties) throws(Mistake) -> any BearerTokenSource {
        func required(_ name: String) throws(Mistake) -> String {
            guard let value = properties["sasl.oauthbearer.\(name)"], !value.isEmpty else {
                throw Mistake(description: "sasl.oauthbearer.\(name) is not set")
            }
            return value
        }
        let clientID = try required("client.id")
        let authorities: TrustedAuthorities?
        do {
            // `probe` leaves the choice to librdkafka.
            let path = properties["ssl.ca.location"].flatMap { ["", "probe"].contains($0) ? nil : $0 }
            authorities = try path.map { path throws(TrustedAuthorities.Unreadable) in
                try TrustedAuthorities(path: path, besidesSystem: true)
            }
        } catch {
            throw Mistake(description: "ssl.ca.location: \(error)")
        }
        let extensions = try pairs(
            properties["sasl.oauthbearer.extensions"] ?? "", by: ",", "sasl.oauthbearer.extensions")
        do {
            return ClientCredentialTokens(
                grant: try ClientCredentialsGrant(
                    url: try required("token.endpoint.url"), clientID: clientID,
                    clientSecret: try required("client.secret"), scope: properties["sasl.oauthbearer.scope"],
                    authorities: authorities),
                principal: clientID, extensions: extensions)
        } catch let mistake as Mistake {
            throw mistake
        } catch {
            throw Mistake(description: "sasl.oauthbearer.token.endpoint.url: \(error)")
        }
    }

    private static func pairs(
        _ text: String, by separator: Character, _ property: String
    ) throws(Mistake) -> [String: String] {
        var result: [String: String] = [:]
        for pair in text.split(separator: separator) {
            guard let equals = pair.firstIndex(of: "="), equals != pair.startIndex else {
                throw Mistake(description: "\(property) takes name=value")
            }
            result[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
        }
        return result
    }
}

/// Tokens of an OAuth 2.0 server, for a client that has a secret.
private struct ClientCredentialTokens: BearerTokenSource {
    let grant: ClientCredentialsGrant
    let principal: String
    let extensions: [String: String]

    func token() async throws(BearerTokenError) -> BearerToken {
        do {
            let token = try await grant.token()
            return BearerToken(
                value: token.value, expiresAtMilliseconds: Int64(token.expiresAt) * 1000, principal: principal,
                extensions: extensions)
        } catch {
            throw BearerTokenError("\(error)")
        }
    }
}
