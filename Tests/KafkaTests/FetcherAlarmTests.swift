import Testing

@testable import Kafka

@Suite(.timeLimit(.minutes(5)))
struct FetcherAlarmTests {
    private static let start = ContinuousClock.now
    private static func time(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    @Test func aQueueThatWasNeverHighWakesNobody() {
        var alarm = FetcherAlarm(queueBytes: 16 << 20, queueRecords: 100_000)
        for (step, waiting) in [0, FetcherAlarm.smallestPeak - 1, 1, 0, FetcherAlarm.smallestPeak - 1, 0].enumerated() {
            let isWoken = alarm.look(waiting: waiting, now: Self.time(1000 * step))
            #expect(!isWoken)
        }
    }

    @Test func halfOfAQueueWakesOnce() {
        var alarm = FetcherAlarm(queueBytes: 16 << 20, queueRecords: 100_000)
        let waiting = [20_000, 15_000, 10_000, 9_999, 9_000, 4_999, 4_998, 3_000]
        let woken = waiting.enumerated().map { alarm.look(waiting: $1, now: Self.time(1000 * ($0 + 1))) }
        #expect(woken == [false, false, false, true, false, false, true, false])
    }

    /// The fetcher fetches again as soon as fewer wait than it is told to keep.
    @Test func aQueueThatIsNoLongerFullWakesAtOnce() {
        var alarm = FetcherAlarm(queueBytes: 16 << 20, queueRecords: 20_000)
        let waiting = [27_000, 20_000, 19_999, 15_000, 9_999, 9_998, 38_000, 20_000, 19_000]
        let woken = waiting.enumerated().map { alarm.look(waiting: $1, now: Self.time(1000 * ($0 + 1))) }
        #expect(woken == [false, false, true, false, false, true, false, false, true])
    }

    /// Neither a pause nor a resume wakes anybody by itself, and the first ring may come before it has taken effect.
    @Test func aChangeRingsAgainAndAgain() {
        var alarm = FetcherAlarm(queueBytes: 16 << 20, queueRecords: 100_000)
        #expect(alarm.dueAt == nil)
        alarm.partitionsChanged(now: Self.time(1))
        #expect(alarm.dueAt == Self.time(1))
        let rings = (1...2000).filter { alarm.look(waiting: 0, now: Self.time($0)) }
        #expect(rings == [1, 6, 16, 36, 76, 156, 316, 636])
        #expect(alarm.dueAt == nil)

        // Nor does it wait for those where the queue has run low.
        alarm.partitionsChanged(now: Self.time(3000))
        for time in 3000...3400 { _ = alarm.look(waiting: 2000, now: Self.time(time)) }
        let ringsForItself = alarm.look(waiting: 900, now: Self.time(3401))
        #expect(ringsForItself)
    }

    /// Records of 60 kB fill a queue of 16 MiB long before a thousand of them wait.
    @Test func fewerRecordsFillTheQueueWhereTheyAreLarge() {
        var alarm = FetcherAlarm(queueBytes: 16 << 20, queueRecords: 100_000)
        for _ in 0..<200 { alarm.took(bytes: 60_000) }
        let waiting = [270, 200, 140, 134, 100]
        let rings = waiting.enumerated().map { alarm.look(waiting: $1, now: Self.time(1000 * ($0 + 1))) }
        #expect(rings == [false, false, false, true, false])
    }

    /// Whatever the queue does, there is a bound to what it costs.
    @Test func isBoundedByTimeAndByRecords() {
        var alarm = FetcherAlarm(queueBytes: 16 << 20, queueRecords: 100_000)
        var random = SystemRandomNumberGenerator()
        var waiting = 0
        var taken = 0
        var last: (time: Int, taken: Int)?
        var wakes = 0
        for time in 1...100_000 {
            if Int.random(in: 0..<20, using: &random) == 0 { waiting += .random(in: 0...20_000, using: &random) }
            let count = Int.random(in: 0...min(waiting, 2_000), using: &random)
            waiting -= count
            taken += count
            guard alarm.look(waiting: waiting, now: Self.time(time)) else { continue }
            wakes += 1
            if let last {
                #expect(time - last.time >= 5)
                #expect(taken - last.taken >= FetcherAlarm.smallestPeak / 2)
            }
            last = (time, taken)
        }
        #expect(wakes > 100)
        let settled = (1...10_000).count { alarm.look(waiting: 0, now: Self.time(200_000 + $0)) }
        #expect(settled <= 1, "nothing more comes")
    }

    /// A queue that is filled and emptied many times over, and a partition without a leader: all records come, and the
    /// client ends in time with questions still on their way.
    @Test func itsQuestionsDisturbNothing() async throws {
        let cluster = try EmbeddedCluster(brokers: 2, topics: [("events", 3)])
        for partition in [Int32(0), 1] {
            try cluster.setLeader(topic: "events", partition: partition, broker: partition + 1)
            try await fill(cluster, "events", partition: partition, 0..<20_000)
        }
        try cluster.setLeader(topic: "events", partition: 2, broker: nil)
        let member = try Member(
            cluster, topic: "events", group: "g",
            properties: ["queued.min.messages": "2000", "fetch.message.max.bytes": "20000"])
        // (Asked for every record, the condition looks at all of them but a few times.)
        try await member.journal.wait { events in
            guard case .end = events.last else { return false }
            let ended = events.compactMap { if case .end(let partition, 20_000) = $0 { partition } else { nil } }
            return Set(ended).isSuperset(of: [0, 1])
        }
        let end = await member.close()
        #expect(end.leftGroup && end.isDestroyed)
        for partition in [Int32(0), 1] {
            let offsets = member.journal.events.records.filter { $0.partition == partition }.map(\.offset)
            #expect(offsets == (0..<20_000).map { Int64($0) })
        }
    }
}
