/// Why the service cannot be opened, or what it was told to read again is not taken. Never holds a secret.
package enum AccessError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Nobody is asked who they are, and the address can be reached from elsewhere.
    case openToOthers(host: String)
    /// A file that holds secrets cannot be read, or by too many.
    case file(path: String, reason: String)
    /// A place in the keys file, counted from 1, and what is wrong there.
    case keys(path: String, line: Int, reason: String)

    package var description: String {
        switch self {
        case .openToOthers(let host):
            "\(host) can be reached from other machines, and without keys everybody may do everything"
        case .file(let path, let reason): "\(path): \(reason)"
        case .keys(let path, let line, let reason): "\(path), line \(line): \(reason)"
        }
    }
}
