import Testing

@testable import DatasetClient

@Suite(.timeLimit(.minutes(5))) struct RateLimiterTests {
    @Test func theLongRunRateIsKept() async throws {
        let time = TestTime()
        let limiter = try #require(RateLimiter(.perSecond(5), time: time.source))
        for _ in 0..<51 { try await limiter.acquire() }
        #expect(time.now == .seconds(10))
    }

    @Test func aBurstIsSavedUpAndNoMore() async throws {
        let time = TestTime()
        let limiter = try #require(RateLimiter(.perSecond(10, burst: 5), time: time.source))
        for _ in 0..<5 { try await limiter.acquire() }
        #expect(time.now == .zero)
        try await limiter.acquire()
        #expect(time.now == .milliseconds(100))
        time.advance(by: .seconds(100))
        for _ in 0..<5 { try await limiter.acquire() }
        #expect(time.now == .milliseconds(100_100))
        try await limiter.acquire()
        #expect(time.now == .milliseconds(100_200))
    }

    @Test func whatIsNoRateIsNoLimit() {
        #expect(RateLimiter(.unlimited, time: .system) == nil)
        #expect(RateLimiter(.perSecond(0), time: .system) == nil)
        #expect(RateLimiter(.perSecond(.infinity), time: .system) == nil)
    }

    @Test func waitersAreServedInOrderAndOnlyTheFirstSleeps() async throws {
        let time = TestTime(isHeld: true)
        let limiter = try #require(RateLimiter(.perSecond(1), time: time.source))
        try await limiter.acquire()
        let (served, serving) = AsyncStream.makeStream(of: Int.self)
        var sleeps = time.sleeps.makeAsyncIterator()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<4 {
                group.addTask {
                    try await limiter.acquire()
                    serving.yield(index)
                }
                // The next is started when this one is in line, asleep or waiting behind the sleeper.
                if index == 0 { _ = await sleeps.next() }
                while limiter.waiting < index { await Task.yield() }
            }
            var line = served.makeAsyncIterator()
            for index in 0..<4 {
                #expect(time.slept.count == index + 1)
                time.advance(by: .seconds(1))
                // Whoever is served may say so after the next has lain down to sleep, but not after that one's time.
                _ = index < 3 ? await sleeps.next() : nil
                #expect(await line.next() == index)
            }
            try await group.waitForAll()
        }
        #expect(time.now == .seconds(4))
    }

    @Test func theCancelledLeaveTheLineAndTakeNothing() async throws {
        let time = TestTime(isHeld: true)
        let limiter = try #require(RateLimiter(.perSecond(1), time: time.source))
        try await limiter.acquire()
        var sleeps = time.sleeps.makeAsyncIterator()
        let first = Task { try await limiter.acquire() }
        _ = await sleeps.next()
        let second = Task { try await limiter.acquire() }
        while limiter.waiting < 1 { await Task.yield() }
        let third = Task { try await limiter.acquire() }
        while limiter.waiting < 2 { await Task.yield() }

        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        #expect(limiter.waiting == 1)
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        // The third is first now, and waits for the one token that nobody took.
        #expect(await sleeps.next() == .seconds(1))
        time.advance(by: .seconds(1))
        try await third.value
        #expect(time.now == .seconds(1))
    }

    @Test func manyAtOnceLoseNobody() async throws {
        let time = TestTime()
        let limiter = try #require(RateLimiter(.perSecond(100), time: time.source))
        let (done, cancelled) = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<500 {
                group.addTask {
                    let task = Task { try await limiter.acquire() }
                    if index.isMultiple(of: 3) { task.cancel() }
                    return (try? await task.value) != nil
                }
            }
            return await group.reduce(into: (0, 0)) { $1 ? ($0.0 += 1) : ($0.1 += 1) }
        }
        #expect(done + cancelled == 500)
        #expect(done >= 333)
        #expect(limiter.waiting == 0)
        #expect(time.now == .milliseconds(10) * (done - 1))
    }
}
