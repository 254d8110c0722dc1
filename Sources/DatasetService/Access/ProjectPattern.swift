import LookoutVision

/// Which projects are meant: a name in which `*` stands for any characters, or none.
package struct ProjectPattern: Sendable, Hashable {
    /// As it was written.
    package let text: String

    /// Fails where the text could not match any project.
    package init?(_ text: String) {
        guard Names.isProjectName(text.replacing("*", with: "a")) else { return nil }
        self.text = text
    }

    /// Whether every project is meant.
    var matchesAll: Bool { text.utf8.allSatisfy { $0 == UInt8(ascii: "*") } }

    /// Whether the project is meant. Case counts, as in the names themselves.
    func matches(_ project: String) -> Bool {
        let (pattern, name) = (Array(text.utf8), Array(project.utf8))
        var (at, position) = (0, 0)
        // Where the latest star stands, and how far what it stands for reaches: only that one is ever tried again.
        var star: (at: Int, position: Int)?
        while position < name.count {
            if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                star = (at, position)
                at += 1
            } else if at < pattern.count, pattern[at] == name[position] {
                (at, position) = (at + 1, position + 1)
            } else if let latest = star {
                star = (latest.at, latest.position + 1)
                (at, position) = (latest.at + 1, latest.position + 1)
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
