/// Something in the environment or the configuration file that cannot be what its writer meant.
struct ConfigurationError: Error, CustomStringConvertible, Equatable {
    /// The variable, or the file with the line where it is known.
    var place: String
    var reason: String

    var description: String { "\(place): \(reason)" }

    /// `EX_CONFIG` of sysexits.h.
    static let exitStatus: Int32 = 78
}
