/// Who may use the service.
package enum AccessPolicy: Sendable, Hashable {
    /// Anybody, for everything, as long as the address is a loopback one; another is refused.
    case openOnLoopback
    /// Anybody who can reach the address, for everything.
    case openToAll
    /// Who signs with one of the file's keys, for what it allows.
    case keys(path: String)
}
