import GRDB

/// The statement that reads entries (`id` and `line`) in the order of their ids.
///
/// Each class is read along its own stretch of the index `entry_by_class`, from the cursor on, and the stretches are
/// merged: a page costs the same at any depth, and one of a rare class as little as one of all. The other filters look at
/// the entries they pass over.
struct EntryQuery {
    private(set) var sql: String
    private(set) var arguments = StatementArguments()

    init(dataset: DatasetID, filter: EntryFilter, after id: Int64?, limit: Int?) {
        var arms: [String] = []
        for imageClass in filter.classes {
            var conditions = ["dataset_id = ?", "class = ?", "id > ?"]
            arguments += [dataset.rawValue, imageClass.rawValue, id ?? 0]
            if let createdBefore = filter.createdBefore {
                conditions.append("created_at < ?")
                arguments += [createdBefore.microseconds]
            }
            if let createdAfter = filter.createdAfter {
                conditions.append("created_at > ?")
                arguments += [createdAfter.microseconds]
            }
            if let sourceRefContains = filter.sourceRefContains {
                conditions.append("instr(source_ref, ?) > 0")
                arguments += [sourceRefContains]
            }
            arms.append(
                "SELECT id, line FROM entry INDEXED BY entry_by_class WHERE " + conditions.joined(separator: " AND "))
        }
        // Filters that exclude each other leave no class, and no entry.
        if arms.isEmpty { arms.append("SELECT id, line FROM entry WHERE FALSE") }
        sql = arms.joined(separator: " UNION ALL ") + " ORDER BY id"
        if let limit { sql += " LIMIT \(limit)" }
    }
}

extension EntryFilter {
    /// The classes that may match.
    fileprivate var classes: [ImageClass] {
        ImageClass.allCases.filter { candidate in
            isLabelled.map { $0 == (candidate != .unlabelled) } ?? true && imageClass.map { $0 == candidate } ?? true
        }
    }
}
