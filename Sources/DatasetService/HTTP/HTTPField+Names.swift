import HTTPTypes
import LookoutVision

extension HTTPField.Name {
    static let errorType = HTTPField.Name(literal: WireNames.errorType)
    static let requestID = HTTPField.Name(literal: WireNames.requestID)
    static let clientToken = HTTPField.Name(literal: WireNames.clientToken)
    static let prefer = HTTPField.Name(literal: WireNames.prefer)
    static let latestUpdateToken = HTTPField.Name(literal: WireNames.latestUpdateToken)

    /// For names that are constants of this program.
    private init(literal name: String) {
        guard let name = HTTPField.Name(name) else { preconditionFailure("not a header name: \(name)") }
        self = name
    }
}
