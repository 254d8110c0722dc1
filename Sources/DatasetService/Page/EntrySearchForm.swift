/// What the form above the entries says; every state of it has an address of its own.
struct EntrySearchForm: Sendable, Hashable {
    /// What the field "Class" offers.
    enum Choice: String, Sendable, Hashable, CaseIterable {
        case all
        case normal
        case anomaly
        case labelled
        case unlabelled

        var title: String {
            switch self {
            case .all: "All"
            case .normal: "Normal"
            case .anomaly: "Anomaly"
            case .labelled: "Labelled (either)"
            case .unlabelled: "Unlabelled"
            }
        }

        fileprivate var classes: Set<ImageClass>? {
            switch self {
            case .all: nil
            case .normal: [.normal]
            case .anomaly: [.anomaly]
            case .labelled: [.normal, .anomaly]
            case .unlabelled: [.unlabelled]
            }
        }
    }

    var text: String?
    var choice = Choice.all
    var newestFirst = true
    /// The page begins after this entry.
    var after: Int64?
    /// The page ends before this entry; only where `after` is nil.
    var before: Int64?

    /// What cannot be understood is as if it had not been said: an old or mistyped address still shows entries.
    init(_ query: PageQuery) {
        text = query.text("q")
        choice = query.text("class").flatMap(Choice.init(rawValue:)) ?? .all
        newestFirst = query.text("order") != "oldest"
        after = query.number("after")
        before = after == nil ? query.number("before") : nil
    }

    var search: EntrySearch {
        EntrySearch(
            text: text, classes: choice.classes, newestFirst: newestFirst, start: after ?? before,
            isBackwards: before != nil)
    }

    /// Whether it leaves entries out.
    var isRestricting: Bool { text != nil || choice != .all }

    /// The same search from another place.
    func from(after: Int64? = nil, before: Int64? = nil) -> EntrySearchForm {
        var form = self
        form.after = after
        form.before = before
        return form
    }
}
