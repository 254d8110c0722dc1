import LookoutVision

/// Addresses of the pages. What is put in is percent-encoded, so that every address is safe in a link.
enum PagePath {
    static let home = "/"
    static let updates = "/updates"

    static func projects(after name: String, containing text: String?) -> String {
        home + query([("after", name), ("q", text)])
    }

    static func updates(before id: Int64) -> String {
        updates + query([("before", String(id))])
    }

    static func project(_ name: String) -> String {
        "/projects/\(PercentEncoding.encodeSegment(name))"
    }

    static func dataset(_ name: DatasetName) -> String {
        "\(project(name.project))/\(name.type.rawValue)"
    }

    static func entry(_ id: Int64, of name: DatasetName) -> String {
        "\(dataset(name))/entries/\(id)"
    }

    /// A search among a dataset's entries, from its beginning or from where another page ended.
    static func search(_ form: EntrySearchForm, in name: DatasetName) -> String {
        dataset(name)
            + query([
                ("q", form.text), ("class", form.choice == .all ? nil : form.choice.rawValue),
                ("order", form.newestFirst ? nil : "oldest"), ("after", form.after.map { String($0) }),
                ("before", form.before.map { String($0) }),
            ]) + "#entries"
    }

    private static func query(_ fields: [(String, String?)]) -> String {
        let pairs = fields.compactMap { name, value in value.map { "\(name)=\(PercentEncoding.encodeSegment($0))" } }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }
}
