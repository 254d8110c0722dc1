/// What a signature is good for: one day, one region, one service.
package struct CredentialScope: Sendable, Hashable {
    /// `20150830`, UTC.
    package let day: String
    /// `us-east-1`
    package let region: String
    /// The signing name, `lookoutvision`.
    package let service: String

    /// The parts as they travel.
    package init(day: String, region: String, service: String) {
        self.day = day
        self.region = region
        self.service = service
    }

    /// `20150830/us-east-1/lookoutvision/aws4_request`
    package var text: String { "\(day)/\(region)/\(service)/\(Self.terminator)" }

    static let terminator = "aws4_request"
}
