import Testing

@testable import DatasetClient

@Suite struct UpdatePaceTests {
    @Test func beginsWithTheLongestWait() {
        #expect(UpdatePace(longest: .milliseconds(200)).firstWait == .milliseconds(200))
    }

    @Test func anEndpointThatIsQuickIsAskedSooner() {
        let pace = UpdatePace(longest: .milliseconds(200))
        var waits: [Duration] = []
        for _ in 0..<10 {
            pace.learn(polls: 1)
            waits.append(pace.firstWait)
        }
        #expect(waits.prefix(3) == [.milliseconds(100), .milliseconds(50), .milliseconds(25)])
        #expect(waits.last == .milliseconds(1), "never without any wait")
    }

    @Test func oneThatIsSlowIsAskedLaterAndNeverLaterThanAtFirst() {
        let pace = UpdatePace(longest: .milliseconds(200))
        for _ in 0..<10 { pace.learn(polls: 1) }
        pace.learn(polls: 2)
        #expect(pace.firstWait == .milliseconds(2))
        pace.learn(polls: 7)
        #expect(pace.firstWait == .milliseconds(4))
        for _ in 0..<10 { pace.learn(polls: 3) }
        #expect(pace.firstWait == .milliseconds(200))
    }

    /// As tests set it, so as not to wait at all.
    @Test func aLongestWaitBelowTheShortestIsKept() {
        let pace = UpdatePace(longest: .microseconds(10))
        for _ in 0..<5 { pace.learn(polls: 1) }
        #expect(pace.firstWait == .microseconds(10))
        pace.learn(polls: 2)
        #expect(pace.firstWait == .microseconds(10))
    }
}
