import FoundationEssentials
import SigV4

/// The JSON in which the container's credential service and the instance metadata hand out credentials.
///
/// Source: AWS SDKs and Tools Reference Guide, "Container credential provider"; Amazon EC2 User Guide, "Retrieve security
/// credentials from instance metadata". An instance's document also has a `Code`, which is `Success` or says why not.
struct CredentialDocument: Decodable {
    private let code: String?
    private let accessKeyID: String?
    private let secretAccessKey: String?
    private let token: String?
    private let expiration: String?

    private enum CodingKeys: String, CodingKey {
        case code = "Code"
        case accessKeyID = "AccessKeyId"
        case secretAccessKey = "SecretAccessKey"
        case token = "Token"
        case expiration = "Expiration"
    }

    /// - Parameters:
    ///   - body: of an answer with status 200.
    ///   - place: for messages, which quote nothing of the body but the code.
    /// - Returns: temporary ones, perhaps expired.
    /// - Throws: `unavailable`.
    static func credentials(in body: Data, from place: String) throws(CredentialError) -> TemporaryCredentials {
        let document: CredentialDocument
        do {
            document = try JSONDecoder().decode(CredentialDocument.self, from: body)
        } catch {
            // The decoder's own words may quote the text.
            throw .unavailable("\(place) answers \(body.count) bytes that are no credentials in JSON")
        }
        if let code = document.code, code != "Success" {
            throw .unavailable("\(place) has no credentials: \(CredentialText.code(code))")
        }
        func value(_ value: String?, _ name: String) throws(CredentialError) -> String {
            guard let value, !value.isEmpty else { throw .unavailable("\(place) answers without \(name)") }
            return value
        }
        return TemporaryCredentials(
            credentials: Credentials(
                accessKeyID: try value(document.accessKeyID, "AccessKeyId"),
                secretAccessKey: try value(document.secretAccessKey, "SecretAccessKey"),
                sessionToken: try value(document.token, "Token")),
            expiresAt: try CredentialText.expiration(try value(document.expiration, "Expiration"), from: place))
    }
}

/// The texts that credential services have in common.
enum CredentialText {
    /// Seconds since 1970-01-01T00:00:00Z of `2026-11-23T10:00:00Z`, with or without parts of a second.
    static func expiration(_ text: String, from place: String) throws(CredentialError) -> Int {
        let date = (try? Date(text, strategy: .iso8601)) ?? (try? Date(text, strategy: longForm))
        guard let date else { throw .unavailable("\(place) answers with an expiration that is no date") }
        return Int(date.timeIntervalSince1970)
    }

    /// An error's name as a service gives it, as far as it looks like one: what else stands there may be a secret.
    static func code(_ text: String) -> String {
        let isName = text.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isName && text.utf8.count <= 64 ? text : "an error without a name"
    }

    private static let longForm = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
}
