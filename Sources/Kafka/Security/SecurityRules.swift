import CRDKafka

/// Mistakes in security properties that librdkafka passes over, or reports in words that do not help.
///
/// A password under `security.protocol=plaintext`, for one, is not used at all, and the cluster, if it takes such
/// clients, is spoken to without a login.
enum SecurityRules {
    /// - Throws: `_INVALID_ARG` with the property's name and what to do; never its value, where that may be a secret.
    static func check(_ properties: KafkaProperties) throws(KafkaError) {
        let name = (properties["security.protocol"] ?? "plaintext").lowercased()
        guard let (hasTLS, hasSASL) = protocols[name] else {
            throw refusal("security.protocol", "takes plaintext, ssl, sasl_plaintext or sasl_ssl")
        }
        for (property, _) in properties.entries {
            if property.hasPrefix("ssl."), !hasTLS {
                throw refusal(property, "means nothing under security.protocol=\(name): set it to ssl or sasl_ssl")
            }
            if property.hasPrefix("sasl."), !hasSASL {
                throw refusal(property, "means nothing under security.protocol=\(name): set it to sasl_ssl")
            }
        }
        if hasSASL { try checkMechanism(properties) }
        let key = ["ssl.key.location", "ssl.key.pem", "ssl_key"].first { properties[$0] != nil }
        let certificate = ["ssl.certificate.location", "ssl.certificate.pem", "ssl_certificate"].first {
            properties[$0] != nil
        }
        if let key, certificate == nil { throw refusal(key, "needs ssl.certificate.location beside it") }
        if let certificate, key == nil { throw refusal(certificate, "needs ssl.key.location beside it") }
    }

    private static let protocols = [
        "plaintext": (false, false), "ssl": (true, false), "sasl_plaintext": (false, true), "sasl_ssl": (true, true),
    ]

    private static func checkMechanism(_ properties: KafkaProperties) throws(KafkaError) {
        switch properties.mechanism {
        case nil:
            throw refusal("sasl.mechanism", "is not set: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or GSSAPI")
        case "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512":
            for property in ["sasl.username", "sasl.password"] where properties[property]?.isEmpty ?? true {
                throw refusal(property, "is not set")
            }
        case "OAUTHBEARER":
            let isUnsecured = properties["enable.sasl.oauthbearer.unsecure.jwt"] == "true"
            guard properties.tokens == nil, !isUnsecured, properties["sasl.oauthbearer.method"]?.lowercased() != "oidc"
            else { return }
            throw refusal("sasl.oauthbearer.method", "is not set: oidc or aws-msk-iam")
        default: break
        }
    }

    private static func refusal(_ property: String, _ message: String) -> KafkaError {
        KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, "set property \(property)", message: message)
    }
}

extension KafkaProperties {
    /// The SASL mechanism under either of its names, in upper case.
    var mechanism: String? {
        (self["sasl.mechanisms"] ?? self["sasl.mechanism"]).flatMap { $0.isEmpty ? nil : $0.uppercased() }
    }
}
