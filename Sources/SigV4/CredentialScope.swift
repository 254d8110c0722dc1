/// What a signature is good for: one day, one region, one service.
package struct CredentialScope: Sendable, Hashable {
    /// `20150830`, UTC.
    package let day: String
    /// `us-east-1`
    package let region: String
    /// The signing name, `lookoutvision`.
    package let service: String
    /// `20150830/us-east-1/lookoutvision/aws4_request`
    package let text: String

    /// The parts as they travel.
    package init(day: String, region: String, service: String) {
        self.day = day
        self.region = region
        self.service = service
        text = "\(day)/\(region)/\(service)/\(Self.terminator)"
    }

    static let terminator = "aws4_request"
}
