/// One key of the keys file: its name, its secret and what it may do. Never shows the secret.
package struct AccessKey: Sendable {
    /// Travels with every request.
    package let id: String
    /// What signatures are made with; never travels, but as the password of the page.
    let secret: String
    let grants: [Grant]

    /// A permission in the projects of a pattern.
    struct Grant: Sendable, Hashable {
        var projects: ProjectPattern
        var permission: Permission
    }

    /// Whether any grant that fits the project is enough.
    func allows(_ permission: Permission, in project: String) -> Bool {
        grants.contains { $0.permission >= permission && $0.projects.matches(project) }
    }

    /// Whether one grant is for every project, those to come included.
    func allowsEverywhere(_ permission: Permission) -> Bool {
        grants.contains { $0.permission >= permission && $0.projects.matchesAll }
    }
}

extension AccessKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "AccessKey(\(id))" }
    package var debugDescription: String { description }
    /// `dump` and test frameworks print what the mirror holds, so it holds nothing secret.
    package var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}
