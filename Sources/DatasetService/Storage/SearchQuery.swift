import GRDB

/// The statements of a search.
///
/// Each class is read along its own stretch of the index `entry_by_class`, and the stretches are merged, no further than
/// to the window's end. The columns that are read stand before the line, so that long lines are not.
struct SearchQuery {
    let windowArguments: StatementArguments
    private let search: EntrySearch
    private let order: String
    private let isDescending: Bool
    private let window: Int
    private let classCount: Int

    init(_ search: EntrySearch, in dataset: DatasetID, window: Int) {
        self.search = search
        self.window = window
        isDescending = search.newestFirst != search.isBackwards
        order = isDescending ? "DESC" : "ASC"
        let start = search.start ?? (isDescending ? .max : .min)
        let classes = (search.classes ?? Set(ImageClass.allCases)).sorted { $0.rawValue < $1.rawValue }
        classCount = classes.count
        windowArguments = StatementArguments(classes.flatMap { [dataset.rawValue, Int64($0.rawValue), start] })
    }

    /// The matches in the window, in the order of the search.
    func matches(limit: Int) -> String {
        """
        SELECT * FROM (\(scope("id, source_ref, class, created_at")))
        \(search.text == nil ? "" : "WHERE instr(lower(source_ref), lower(?)) > 0")
        ORDER BY id \(order) LIMIT \(limit)
        """
    }

    var matchArguments: StatementArguments {
        var arguments = windowArguments
        if let text = search.text { arguments += [text] }
        return arguments
    }

    /// How many entries the window holds, and the last of them.
    var extent: String {
        "SELECT count(*) AS looked, \(isDescending ? "min" : "max")(id) AS last FROM (\(scope("id")))"
    }

    private func scope(_ columns: String) -> String {
        let arm = """
            SELECT \(columns) FROM entry INDEXED BY entry_by_class
            WHERE dataset_id = ? AND class = ? AND id \(isDescending ? "<" : ">") ?
            """
        return Array(repeating: arm, count: classCount).joined(separator: " UNION ALL ")
            + " ORDER BY id \(order) LIMIT \(window)"
    }
}
