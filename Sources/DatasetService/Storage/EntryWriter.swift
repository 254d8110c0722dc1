import GRDB
import GRDBSQLite

/// Puts lines in the places of the entries with their `source-ref`, or at the end of the dataset.
///
/// Binds the bytes of the payload as they stand: a copy of every line into a `String` and again into an argument costs
/// as much as the writing.
struct EntryWriter {
    private let id: DatasetID
    private let defaultDate: Timestamp
    private let find: Statement
    private let replace: Statement
    private let insert: Statement

    /// - Parameters:
    ///   - id: The dataset.
    ///   - defaultDate: Of entries whose line has no `creation-date`.
    ///   - database: In a transaction that is the caller's.
    /// - Throws: `DatabaseError`.
    init(_ id: DatasetID, defaultDate: Timestamp, in database: Database) throws {
        self.id = id
        self.defaultDate = defaultDate
        find = try database.cachedStatement(
            sql: "SELECT id, class FROM entry WHERE dataset_id = ? AND source_ref = ?")
        replace = try database.cachedStatement(
            sql: "UPDATE entry SET class = ?, created_at = ?, line = ? WHERE id = ?")
        insert = try database.cachedStatement(
            sql: "INSERT INTO entry (dataset_id, source_ref, class, created_at, line) VALUES (?, ?, ?, ?, ?)")
    }

    /// - Returns: The dataset's statistics afterwards, given those before.
    func write(_ batch: LineBatch, counts: ImageCounts) throws -> ImageCounts {
        var counts = counts
        try batch.bytes.withUnsafeBufferPointer { bytes in
            for line in batch.lines { try write(line, in: bytes, &counts) }
        }
        return counts
    }

    private func write(
        _ line: EntryLine, in bytes: UnsafeBufferPointer<UInt8>, _ counts: inout ImageCounts
    ) throws {
        let text = UnsafeBufferPointer(rebasing: bytes[line.range])
        let createdAt = (line.creationDate ?? defaultDate).microseconds
        var sourceRef = line.sourceRef
        try sourceRef.withUTF8 { sourceRef in
            let earlier = try find.run { statement in
                statement.bind(1, id.rawValue)
                statement.bind(2, sourceRef)
                return try statement.step() ? (id: statement.integer(0), class: statement.integer(1)) : nil
            }
            if let earlier {
                counts.replace(ImageClass(rawValue: Int(earlier.class)) ?? .unlabelled, by: line.imageClass)
                try replace.run { statement in
                    statement.bind(1, Int64(line.imageClass.rawValue))
                    statement.bind(2, createdAt)
                    statement.bind(3, text)
                    statement.bind(4, earlier.id)
                    _ = try statement.step()
                }
            } else {
                counts.insert(line.imageClass)
                try insert.run { statement in
                    statement.bind(1, id.rawValue)
                    statement.bind(2, sourceRef)
                    statement.bind(3, Int64(line.imageClass.rawValue))
                    statement.bind(4, createdAt)
                    statement.bind(5, text)
                    _ = try statement.step()
                }
            }
        }
    }
}

/// A statement of SQLite while it runs: its values are bound without a copy, so they must outlive it.
private struct RunningStatement {
    fileprivate let pointer: SQLiteStatement

    func bind(_ index: Int32, _ value: Int64) {
        sqlite3_bind_int64(pointer, index, value)
    }

    /// Text in UTF-8.
    func bind(_ index: Int32, _ bytes: UnsafeBufferPointer<UInt8>) {
        // No destructor: SQLITE_STATIC, the caller keeps the bytes.
        bytes.withMemoryRebound(to: CChar.self) { text in
            _ = sqlite3_bind_text64(pointer, index, text.baseAddress, UInt64(text.count), nil, UInt8(SQLITE_UTF8))
        }
    }

    /// - Returns: Whether there is a row.
    func step() throws -> Bool {
        switch sqlite3_step(pointer) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code:
            throw DatabaseError(
                resultCode: ResultCode(rawValue: code),
                message: String(cString: sqlite3_errmsg(sqlite3_db_handle(pointer))))
        }
    }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(pointer, column) }
}

extension Statement {
    /// Runs the statement and leaves it ready for the next time, with nothing bound.
    fileprivate func run<Value>(_ body: (RunningStatement) throws -> Value) rethrows -> Value {
        defer {
            sqlite3_reset(sqliteStatement)
            sqlite3_clear_bindings(sqliteStatement)
        }
        return try body(RunningStatement(pointer: sqliteStatement))
    }
}
