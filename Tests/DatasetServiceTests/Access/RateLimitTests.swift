import LookoutVision
import Testing

@testable import DatasetService

@Suite("Rate limits")
struct RateLimitTests {
    @Test("A second's requests at once, then as many as time brings; keys and operations apart")
    func buckets() throws {
        let clock = ManualClock()
        let limits = RateLimits(
            .init(everyOperation: 2, operations: [.listProjects: 0.1]), now: { clock.now })
        func wait(_ operation: LookoutVision.Operation, _ id: String = "A") -> Int? {
            do {
                try limits.count(operation, of: id)
                return nil
            } catch {
                #expect(error.kind == .throttling)
                return error.retryAfterSeconds
            }
        }
        #expect([wait(.describeProject), wait(.describeProject), wait(.describeProject)] == [nil, nil, 1])
        #expect(wait(.describeProject, "B") == nil)
        #expect(wait(.describeDataset) == nil)
        #expect([wait(.listProjects), wait(.listProjects)] == [nil, 10])
        clock.advance(seconds: 4)
        #expect(wait(.listProjects) == 6)
        #expect([wait(.describeProject), wait(.describeProject), wait(.describeProject)] == [nil, nil, 1])
        clock.advance(seconds: -100)
        #expect(wait(.describeProject) == 1)
        clock.advance(seconds: 1)
        #expect(wait(.describeProject) == nil)
    }

    @Test("Without a limit nothing is counted")
    func unlimited() throws {
        let limits = RateLimits(.init(operations: [.listProjects: 1]), now: Timestamp.now)
        for _ in 0..<1000 { try limits.count(.describeDataset, of: "A") }
    }
}
