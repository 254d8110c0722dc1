import Foundation
import GRDB
import Logging
import LookoutVision
import Testing

@testable import DatasetService

@Suite("Storage")
struct StoreTests {
    private let name = DatasetName(project: "p", type: .train)

    private func accept(_ store: DatasetStore, token: String, _ lines: String) async throws -> Acceptance {
        try await store.accept(
            UpdateRequest(dataset: name, token: token, changes: Data(lines.utf8), digest: Data(lines.utf8)))
    }

    @Test("Acceptance survives a loss of power: WAL with synchronous FULL")
    func durability() async throws {
        let database = TemporaryDatabase()
        let store = try DatasetStore(path: database.path)
        defer { try? store.close() }
        let (mode, level) = try await store.pool.writeWithoutTransaction { database in
            (
                try String.fetchOne(database, sql: "PRAGMA journal_mode"),
                try Int.fetchOne(database, sql: "PRAGMA synchronous")
            )
        }
        #expect(mode == "wal")
        #expect(level == 2)
    }

    @Test("Finishing an update twice does nothing the second time")
    func finishingTwice() async throws {
        let database = TemporaryDatabase()
        let store = try DatasetStore(path: database.path)
        defer { try? store.close() }
        _ = try await store.createProject("p", token: nil)
        _ = try await store.createDataset(name, token: nil)
        guard case .accepted(let id) = try await accept(store, token: "t", line("1")) else {
            Issue.record("not accepted")
            return
        }
        #expect(try await store.pendingJobs() == [.update(id)])
        let update = try await store.pendingUpdate(id).orThrow()
        let payload = try ChangesPayload(Array(update.payload))
        #expect(try await store.finish(update, with: .success(payload)) == .applied(lines: 1))
        #expect(try await store.finish(update, with: .success(payload)) == nil)
        #expect(try await store.pendingJobs().isEmpty)
        #expect(try await store.pendingUpdate(id) == nil)
        #expect(try await store.history().count == 1)
        let payloads = try await store.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM pending_payload") }
        #expect(payloads == 0)
    }

    @Test("A transaction that fails half-way leaves nothing, and the update still to be done")
    func rollback() async throws {
        let database = TemporaryDatabase()
        let store = try DatasetStore(path: database.path)
        defer { try? store.close() }
        _ = try await store.createProject("p", token: nil)
        _ = try await store.createDataset(name, token: nil)
        guard case .accepted(let id) = try await accept(store, token: "t", "\(line("1"))\n\(line("2"))") else {
            Issue.record("not accepted")
            return
        }
        try await store.pool.write {
            try $0.execute(
                sql: """
                    CREATE TRIGGER broken BEFORE INSERT ON entry WHEN NEW.source_ref LIKE '%/2'
                    BEGIN SELECT RAISE(ABORT, 'no room'); END
                    """)
        }
        let update = try await store.pendingUpdate(id).orThrow()
        let payload = try ChangesPayload(Array(update.payload))
        await #expect(throws: DatabaseError.self) { try await store.finish(update, with: .success(payload)) }
        #expect(try await store.entries(of: name).isEmpty)
        #expect(try await store.history().isEmpty)
        #expect(try await store.describeDataset(name).status == .updateInProgress)
        try await store.pool.write { try $0.execute(sql: "DROP TRIGGER broken") }
        #expect(try await store.finish(update, with: .success(payload)) == .applied(lines: 2))
    }

    @Test("Old tokens are swept, those of updates in progress are not")
    func sweeping() async throws {
        let clock = ManualClock()
        let database = TemporaryDatabase()
        let store = try DatasetStore(path: database.path, now: { clock.now })
        defer { try? store.close() }
        _ = try await store.createProject("p", token: nil)
        _ = try await store.createDataset(name, token: nil)
        _ = try await accept(store, token: "t", line("1"))
        clock.advance(seconds: 9 * 3_600)
        #expect(try await store.sweepTokens() == false)
        #expect(try await accept(store, token: "t", line("1")) == .repeated(.updateInProgress))
        #expect(try await store.pendingJobs().count == 1)

        // Three finished updates and two deletions; all of them age, one token stays young.
        for number in 0..<3 {
            let other = DatasetName(project: "p-\(number)", type: .train)
            _ = try await store.createProject(other.project, token: nil)
            _ = try await store.createDataset(other, token: nil)
            _ = try await store.accept(
                UpdateRequest(dataset: other, token: "t", changes: Data("{}".utf8), digest: Data([1])))
        }
        try await apply(store)
        for name in ["x", "y"] {
            _ = try await store.createProject(name, token: nil)
            try await store.deleteProject(name, token: "t")
        }
        clock.advance(seconds: 8 * 3_600 - 1)
        _ = try await accept(store, token: "young", line("2"))
        #expect(try await store.sweepTokens() == false)
        #expect(try await tokens(store) == [4, 2])
        clock.advance(seconds: 1)
        // A bounded number at a time, until there are no more.
        #expect(try await store.sweepTokens(limit: 2))
        #expect(try await tokens(store) == [2, 0])
        #expect(try await store.sweepTokens(limit: 2) == false)
        #expect(try await tokens(store) == [1, 0])
        #expect(try await accept(store, token: "young", line("2")) == .repeated(.updateInProgress))
    }

    private func apply(_ store: DatasetStore) async throws {
        for case .update(let id) in try await store.pendingJobs() {
            let update = try await store.pendingUpdate(id).orThrow()
            _ = try await store.finish(update, with: .failure(.init(message: "no")))
        }
    }

    /// Rows of the two tables of tokens.
    private func tokens(_ store: DatasetStore) async throws -> [Int] {
        try await store.pool.read { database in
            try ["accepted_update", "accepted_deletion"].map { table in
                try Int.fetchOne(database, sql: "SELECT count(*) FROM \(table)") ?? 0
            }
        }
    }

    @Test("The sweeper sweeps at its start and ever again, until it is stopped", .timeLimit(.minutes(5)))
    func sweeper() async throws {
        let clock = ManualClock()
        let database = TemporaryDatabase()
        let store = try DatasetStore(path: database.path, now: { clock.now })
        defer { try? store.close() }
        func deleteOne() async throws {
            _ = try await store.createProject("x", token: nil)
            try await store.deleteProject("x", token: "t")
            clock.advance(seconds: 8 * 3_600)
        }
        try await deleteOne()
        let sweeper = TokenSweeper(
            store: store, interval: .milliseconds(5), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup { group in
            group.addTask { await sweeper.run() }
            for _ in 0..<2 {
                while try await tokens(store) != [0, 0] { try Task.checkCancellation() }
                try await deleteOne()
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test(
        "Pages read by index, not by walking or sorting the dataset",
        arguments: [
            EntryFilter(), EntryFilter(isLabelled: true), EntryFilter(isLabelled: false),
            EntryFilter(imageClass: .anomaly), EntryFilter(imageClass: .normal, sourceRefContains: "x"),
            EntryFilter(createdBefore: Timestamp(microseconds: 1), createdAfter: Timestamp(microseconds: 0)),
        ])
    func queryPlans(filter: EntryFilter) async throws {
        let database = TemporaryDatabase()
        let store = try DatasetStore(path: database.path)
        defer { try? store.close() }
        let query = EntryQuery(dataset: DatasetID(rawValue: 1), filter: filter, after: 7, limit: 3)
        let plan = try await store.pool.read { database in
            try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN " + query.sql, arguments: query.arguments)
                .map { $0["detail"] as String }
        }
        let reads = plan.filter { $0.hasPrefix("SEARCH") || $0.hasPrefix("SCAN") }
        #expect(!reads.isEmpty)
        #expect(
            reads.allSatisfy { $0.hasSuffix("entry_by_class (dataset_id=? AND class=? AND rowid>?)") }, "\(plan)")
        #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
    }

    @Test("Slots let no more than their number through and everyone in the end")
    func slots() async {
        let slots = Slots(2)
        let inside = Counter()
        await withDiscardingTaskGroup { group in
            for _ in 0..<50 {
                group.addTask {
                    await slots.withSlot {
                        await inside.enter()
                        await Task.yield()
                        await inside.leave()
                    }
                }
            }
        }
        #expect(await inside.most <= 2)
        #expect(await inside.total == 50)
    }
}

/// How many are inside, and how many were at most.
private actor Counter {
    private var now = 0
    private(set) var most = 0
    private(set) var total = 0

    func enter() {
        now += 1
        total += 1
        most = max(most, now)
    }

    func leave() {
        now -= 1
    }
}
