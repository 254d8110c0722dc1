import FoundationEssentials
import LookoutVision

/// Reads an answer that is no success, whatever it holds.
enum ErrorAnswer {
    /// Longer texts are cut, in characters: they end up in logs.
    static let longestMessage = 2048

    /// - Parameters:
    ///   - status: of the answer.
    ///   - errorType: the header `x-amzn-ErrorType`.
    ///   - retryAfter: the header `Retry-After`.
    ///   - body: of the answer, as much as was read.
    ///   - now: seconds since 1970-01-01T00:00:00Z, for a `Retry-After` that is a date.
    ///   - secrets: taken out of messages, since services quote the request they refuse.
    /// - Returns: the exception where the model knows it. A bare 429 is throttling, whoever sent it.
    static func error(
        status: Int, errorType: String?, retryAfter: String?, body: Data, now: Int, secrets: [String]
    ) -> DatasetClientError {
        let answer = try? JSONDecoder().decode(Body.self, from: body)
        let type = (errorType ?? answer?.type).flatMap(bareName)
        var message =
            answer?.message ?? (body.isEmpty || answer != nil ? "" : "a body of \(body.count) bytes, not JSON")
        for secret in secrets where !secret.isEmpty { message = message.replacing(secret, with: "…") }
        if message.count > longestMessage { message = "\(message.prefix(longestMessage))…" }

        let kind = type.flatMap(APIException.Kind.init(rawValue:)) ?? (status == 429 ? .throttling : nil)
        guard let kind else { return .unexpectedStatus(http: status, type: type, message: message) }
        return .exception(
            APIException(
                kind, message, resourceID: answer?.resourceID, resourceType: answer?.resourceType,
                quotaCode: answer?.quotaCode, serviceCode: answer?.serviceCode,
                retryAfterSeconds: retryAfter.flatMap { RetryAfter.seconds($0, now: now) }))
    }

    /// `ns#Name:http://…` is `Name`.
    private static func bareName(_ type: String) -> String? {
        let name = type.prefix { $0 != ":" }
        let bare = name.lastIndex(of: "#").map { name[name.index(after: $0)...] } ?? name
        return bare.isEmpty ? nil : String(bare)
    }
}

extension ErrorAnswer {
    /// The members of an exception's body under all the names that services give them. A member of another type than
    /// text is taken for absent.
    private struct Body: Decodable {
        let type: String?
        let message: String?
        let resourceID: String?
        let resourceType: String?
        let quotaCode: String?
        let serviceCode: String?

        private struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            func text(_ names: String...) -> String? {
                names.lazy.compactMap { try? container.decode(String.self, forKey: Key(stringValue: $0)) }.first
            }
            type = text("__type", "code", "Code")
            message = text("Message", "message", "errorMessage")
            resourceID = text("ResourceId")
            resourceType = text("ResourceType")
            quotaCode = text("QuotaCode")
            serviceCode = text("ServiceCode")
        }
    }
}
