import Testing

@testable import DatasetClient

@Suite struct UpdatePaceTests {
    @Test func beginsWithTheLongestWait() {
        let pace = UpdatePace(longest: .milliseconds(200))
        #expect(pace.waits(3) == [.milliseconds(200), .milliseconds(400), .milliseconds(800)])
    }

    @Test func anEndpointThatIsQuickIsAskedSoonerAndInTheEndAtOnce() {
        let pace = UpdatePace(longest: .milliseconds(200))
        var first: [Duration] = []
        for _ in 0..<10 {
            pace.learn(polls: 1)
            first += pace.waits(1)
        }
        #expect(first.prefix(3) == [.milliseconds(100), .milliseconds(50), .milliseconds(25)])
        #expect(first.suffix(3) == [.milliseconds(1), .zero, .zero], "no half of the shortest")
    }

    @Test func whatHasNotEndedAtOnceIsAskedAboutWithWaitsThatDouble() {
        let pace = UpdatePace(longest: .milliseconds(200))
        for _ in 0..<10 { pace.learn(polls: 1) }
        #expect(
            pace.waits(5, cap: .milliseconds(5))
                == [.zero, .milliseconds(1), .milliseconds(2), .milliseconds(4), .milliseconds(5)])
    }

    @Test func oneThatIsSlowIsAskedLaterAndNeverLaterThanAtFirst() {
        let pace = UpdatePace(longest: .milliseconds(200))
        for _ in 0..<10 { pace.learn(polls: 1) }
        pace.learn(polls: 2)
        #expect(pace.waits(2) == [.milliseconds(1), .milliseconds(2)])
        pace.learn(polls: 7)
        #expect(pace.waits(2) == [.milliseconds(2), .milliseconds(4)])
        for _ in 0..<10 { pace.learn(polls: 3) }
        #expect(pace.waits(1) == [.milliseconds(200)])
    }

    /// As tests set it, so as not to wait at all.
    @Test func aLongestWaitBelowTheShortestIsKept() {
        let pace = UpdatePace(longest: .microseconds(10))
        pace.learn(polls: 2)
        #expect(pace.waits(1) == [.microseconds(10)])
        for _ in 0..<5 { pace.learn(polls: 1) }
        #expect(pace.waits(2) == [.zero, .microseconds(10)])
        pace.learn(polls: 2)
        #expect(pace.waits(1) == [.microseconds(10)])
    }
}

extension UpdatePace {
    /// Before the first questions about one update, without jitter.
    fileprivate func waits(_ count: Int, cap: Duration = .seconds(1)) -> [Duration] {
        (0..<count).map { polls in wait(after: polls, cap: cap) { $0 } }
    }
}
