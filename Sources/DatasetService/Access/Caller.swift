import Hummingbird

/// Who asks, as far as it has been proven.
enum Caller: Sendable {
    /// Not asked yet, or outside the API.
    case nobody
    /// Where there are no keys, anybody may do everything.
    case anyone
    /// The holder of a key.
    case key(AccessKey)

    /// Whether the caller has the permission in the project.
    func allows(_ permission: Permission, in project: String) -> Bool {
        switch self {
        case .nobody: false
        case .anyone: true
        case .key(let key): key.allows(permission, in: project)
        }
    }

    /// What rate limits are counted by.
    var accountID: String {
        if case .key(let key) = self { key.id } else { "" }
    }
}

/// A request's context that knows who asks.
protocol CallerContext: RemoteAddressRequestContext {
    var caller: Caller { get set }
}
