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
                .init(classes: [.anomaly]), in: store, window: 40, finds: [100, 90, 80, 70], next: 61, cutShort: true)
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

    private static let walking = "SEARCH entry USING INDEX entry_by_class (dataset_id=? AND class=? AND rowid<?)"

    /// Costs that grow with the number of entries or updates would show as a scan or as a sort of what was found.
    @Test func whatIsAskedIsBoundedByIndexes() async throws {
        func updates(_ table: String) -> String {
            """
            SELECT * FROM \(table) WHERE id < 9 AND project = 'a' AND dataset_type = 'train' ORDER BY id DESC LIMIT 5
            """
        }
        let terms = "(project=? AND dataset_type=? AND rowid<?)"
        try await withEntries { store in
            for (sql, wanted) in [
                (updates("update_history"), "SEARCH update_history USING INDEX update_history_by_dataset \(terms)"),
                (updates("update_failure"), "SEARCH update_failure USING INDEX update_failure_by_dataset \(terms)"),
            ] {
                let plan = try await store.plan(sql)
                #expect(plan == [wanted])
            }
            let walk = EntryQuery.walk(columns: "id, source_ref", "<", "DESC", limit: 5)
                .replacing("?1", with: "1").replacing("?2", with: "50")
            let plan = try await store.plan(walk)
            #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
            let reads = plan.filter { $0.hasPrefix("SEARCH") || $0.hasPrefix("SCAN") }
            #expect(reads == Array(repeating: Self.walking, count: 3))
        }
    }
}
