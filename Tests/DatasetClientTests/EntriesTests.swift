import LookoutVision
import Testing

@testable import DatasetClient

@Suite(.timeLimit(.minutes(5))) struct EntriesTests {
    private static func page(_ entries: [String], next: String? = nil) -> ScriptedServer.Reply {
        let list = entries.map { #""{\"n\":\#($0)}""# }.joined(separator: ",")
        let token = next.map { #","NextToken":"\#($0)""# } ?? ""
        return .answer(200, [], #"{"DatasetEntries":[\#(list)]\#(token)}"#)
    }

    private func read(
        _ replies: [ScriptedServer.Reply], filter: EntryFilter = EntryFilter(), pageSize: Int = 100
    ) async throws -> (pages: [[String]], error: DatasetClientError?, queries: [String]) {
        var pages: [[String]] = []
        var failure: DatasetClientError?
        var queries: [String] = []
        try await ScriptedServer.run { _, index in
            index < replies.count ? replies[index] : .answer(400)
        } _: { server in
            try await DatasetClient.with(server) { client in
                do throws(DatasetClientError) {
                    let all = client.listDatasetEntries(project: "p", type: .test, filter: filter, pageSize: pageSize)
                    for try await page in all { pages.append(page) }
                } catch {
                    failure = error
                }
            }
            queries = server.requests.map(\.query)
        }
        return (pages, failure, queries)
    }

    @Test func pagesAreFollowedAndEmptyOnesSkipped() async throws {
        let read = try await read(
            [Self.page(["1", "2"], next: "a+/="), Self.page([], next: "b"), Self.page(["3"], next: "")], pageSize: 2)
        #expect(read.pages == [[#"{"n":1}"#, #"{"n":2}"#], [#"{"n":3}"#]])
        #expect(read.error == nil)
        #expect(
            read.queries == [
                "maxResults=2", "maxResults=2&nextToken=a%2B%2F%3D", "maxResults=2&nextToken=b",
            ])
    }

    @Test func everyFilterIsSent() async throws {
        let filter = EntryFilter(
            labeled: true, anomalyClass: "anomaly", createdBefore: "2026-01-02T03:04:05Z", createdAfter: "2025",
            sourceRefContains: "a&b=c d/é")
        let read = try await read([Self.page([])], filter: filter)
        #expect(
            read.queries == [
                "labeled=true&anomalyClass=anomaly&createdBefore=2026-01-02T03%3A04%3A05Z&createdAfter=2025"
                    + "&sourceRefContains=a%26b%3Dc%20d%2F%C3%A9&maxResults=100"
            ])
    }

    @Test func failuresThatMayPassAreRiddenOut() async throws {
        let read = try await read([
            .answer(500), Self.page(["1"], next: "a"), .hangUp, .answer(429), Self.page(["2"]),
        ])
        #expect(read.pages.count == 2)
        #expect(read.error == nil)
    }

    @Test func aFailureEndsTheReading() async throws {
        let denied = ScriptedServer.Reply.answer(403, [("x-amzn-ErrorType", "AccessDeniedException")], "{}")
        let read = try await read([Self.page(["1"], next: "a"), denied])
        #expect(read.pages.count == 1)
        #expect(read.error?.exceptionKind == .accessDenied)
    }

    @Test func aPageThatLeadsToItselfIsNotFollowed() async throws {
        let read = try await read([Self.page(["1"], next: "a"), Self.page(["2"], next: "a")])
        guard case .malformedResponse = read.error else {
            Issue.record("\(String(describing: read.error))")
            return
        }
    }
}
