import GRDB
import LookoutVision
import Testing

@testable import DatasetService

/// What the page asks of the database.
struct SearchTests {
    private static let name = DatasetName(project: "boards", type: .train)

    /// 100 entries, their ids 1 to 100; every tenth is an anomaly, and every other of the rest unlabelled.
    private func withEntries(_ body: (DatasetStore) async throws -> Void) async throws {
        try await Stage.run { stage in
            try await stage.create("boards", "train")
            try await stage.update(
                "boards", .train,
                (1...100).map { number in
                    Samples.line(
                        "board-\(number).JPG",
                        number.isMultiple(of: 10) ? "anomaly" : number.isMultiple(of: 2) ? nil : "normal")
                })
            try await body(stage.store)
        }
    }

    /// `next` and `cutShort` are looked at where they are given.
    private func expect(
        _ search: EntrySearch, in store: DatasetStore, limit: Int = 10, window: Int = 1_000, finds ids: [Int64],
        next: Int64?? = nil, cutShort: Bool? = nil, at location: SourceLocation = #_sourceLocation
    ) async throws {
        let (_, page) = try await store.search(search, in: Self.name, limit: limit, window: window)
        #expect(page.entries.map(\.id) == ids, sourceLocation: location)
        if let next { #expect(page.next == next, sourceLocation: location) }
        if let cutShort { #expect(page.wasCutShort == cutShort, sourceLocation: location) }
    }

    @Test func bothOrdersAndBothWays() async throws {
        try await withEntries { store in
            try await expect(.init(), in: store, limit: 3, finds: [100, 99, 98], next: 98)
            try await expect(.init(start: 98), in: store, limit: 3, finds: [97, 96, 95], next: 95)
            try await expect(.init(start: 97, isBackwards: true), in: store, limit: 2, finds: [99, 98], next: 99)
            try await expect(
                .init(start: 98, isBackwards: true), in: store, limit: 5, finds: [100, 99], next: .some(nil),
                cutShort: false)
            try await expect(.init(newestFirst: false), in: store, limit: 3, finds: [1, 2, 3], next: 3)
            try await expect(
                .init(newestFirst: false, start: 99), in: store, limit: 3, finds: [100], next: .some(nil),
                cutShort: false)
            // A page that ends exactly at the end has no next.
            try await expect(
                .init(newestFirst: false, start: 97), in: store, limit: 3, finds: [98, 99, 100], next: .some(nil),
                cutShort: false)
        }
    }

    @Test func classesAndText() async throws {
        try await withEntries { store in
            try await expect(.init(classes: [.anomaly]), in: store, limit: 3, finds: [100, 90, 80])
            try await expect(
                .init(text: "BOARD-7"), in: store, limit: 20,
                finds: [
                    79, 78, 77, 76, 75, 74, 73, 72, 71, 70, 7,
                ])
            try await expect(.init(text: "board-7", classes: [.unlabelled]), in: store, finds: [78, 76, 74, 72])
            try await expect(
                .init(text: "board-7", classes: [.normal, .anomaly], newestFirst: false), in: store,
                finds: [7, 70, 71, 73, 75, 77, 79])
            // Signs that some databases take for patterns are only themselves.
            for sign in ["%", "_", "*", "?", "'", "\""] {
                try await expect(.init(text: sign), in: store, finds: [], next: .some(nil), cutShort: false)
            }
        }
    }

    @Test func aSearchLooksOnlySoFarAndGoesOn() async throws {
        try await withEntries { store in
            var search = EntrySearch(text: "board-5.", newestFirst: true)
            try await expect(search, in: store, window: 40, finds: [], next: 61, cutShort: true)
            search.start = 61
            try await expect(search, in: store, window: 40, finds: [], next: 21, cutShort: true)
            search.start = 21
            try await expect(search, in: store, window: 40, finds: [5], next: .some(nil), cutShort: false)
            try await expect(
                .init(classes: [.anomaly]), in: store, window: 40, finds: [100, 90, 80, 70, 60, 50, 40, 30, 20, 10],
                next: .some(nil), cutShort: false)
        }
    }

    @Test func updatesOfAllAndOfOne() async throws {
        try await Stage.run { stage in
            try await stage.create("a", "train")
            try await stage.create("b", "train")
            for number in 1...3 {
                try await stage.update("a", .train, [Samples.line("\(number).jpg")])
                try await stage.update("b", .train, ["no JSON"])
            }
            let all = try await stage.store.updates(of: nil, before: nil, limit: 4)
            #expect(all.items.map(\.id) == [6, 5, 4, 3])
            #expect(all.next == 3)
            let rest = try await stage.store.updates(of: nil, before: all.next, limit: 4)
            #expect(rest.items.map(\.id) == [2, 1])
            #expect(rest.next == nil)
            let failed = try await stage.store.updates(of: .init(project: "b", type: .train), before: 6, limit: 4)
            #expect(failed.items.map(\.id) == [4, 2])
            guard case .failed(let message, _) = failed.items.first?.outcome else {
                Issue.record("\(failed)")
                return
            }
            #expect(message.contains("line 1"))
        }
    }

    /// Costs that grow with the number of entries or updates would show as a scan or as a sort.
    @Test func whatIsAskedIsBoundedByIndexes() async throws {
        try await withEntries { store in
            for table in ["update_history", "update_failure"] {
                let plan = try await store.plan(
                    """
                    SELECT * FROM \(table) WHERE id < 9 AND project = 'a' AND dataset_type = 'train'
                    ORDER BY id DESC LIMIT 5
                    """)
                let terms = "(project=? AND dataset_type=? AND rowid<?)"
                #expect(plan == ["SEARCH \(table) USING INDEX \(table)_by_dataset \(terms)"])
            }
            for (newestFirst, sign) in [(true, "<"), (false, ">")] {
                let query = SearchQuery(.init(newestFirst: newestFirst), in: DatasetID(rawValue: 1), window: 10)
                let plan = try await store.plan(query.extent, query.windowArguments)
                let walk =
                    "SEARCH entry USING COVERING INDEX entry_by_class (dataset_id=? AND class=? AND rowid\(sign)?)"
                #expect(plan.filter { $0.hasPrefix("SEARCH") } == Array(repeating: walk, count: 3))
                #expect(!plan.contains { $0.contains("TEMP B-TREE") || $0.hasPrefix("SCAN entry") }, "\(plan)")
            }
        }
    }

    @Test func whatIsOnlyHalfThereIsNotShown() async throws {
        try await withEntries { store in
            try await store.pool.write { try $0.execute(sql: "UPDATE dataset SET status = 'DELETE_IN_PROGRESS'") }
            try await expect(.init(), in: store, finds: [], next: .some(nil), cutShort: false)
            let entry = try await store.entry(1, of: Self.name)
            #expect(entry == nil)
        }
    }
}
