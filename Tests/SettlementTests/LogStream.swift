import Labelling

@testable import Settlement

/// Partitions that are written to and read as a consumer does: whoever is not paused is read, at a bounded speed, from a
/// while after it was resumed; the end of a log is told of when nothing has come for a while. Calls take their time.
final class LogStream {
    struct Pace {
        /// Milliseconds.
        var call: Int64 = 15
        /// Milliseconds from a resume to the next record, and without records until the end is told of.
        var resume: Int64 = 5
        var emptyFetch: Int64 = 100
        /// Records in a millisecond, over all partitions.
        var records = 500
    }

    /// Milliseconds that a step takes.
    static let step: Int64 = 5

    let bench: Bench
    private let pace: Pace
    /// Of each partition's records: which dataset, and when it was written.
    private(set) var logs: [[(dataset: Int, writtenAt: Int64)]]
    private(set) var read: [Int]
    private var lastReadAt: [Int64]
    private var readableAt: [Int64]
    private var unanswered: [(at: Int64, call: Call)] = []
    private var callCount = 0
    private(set) var pauses = 0
    /// Milliseconds from writing a batch's first record to its settlement.
    private(set) var latencies: [Int64] = []

    init(_ settings: Settings, partitions: Int, pace: Pace = Pace()) {
        bench = Bench(settings)
        self.pace = pace
        logs = Array(repeating: [], count: partitions)
        read = Array(repeating: 0, count: partitions)
        lastReadAt = Array(repeating: 0, count: partitions)
        readableAt = Array(repeating: 0, count: partitions)
        for partition in 0..<Int32(partitions) { bench.assign(partition) }
        acknowledge()
    }

    func write(_ dataset: Int, to partition: Int) { logs[partition].append((dataset, bench.now.monotonic)) }

    /// Lets so many milliseconds pass, writing something before each step.
    func run(_ milliseconds: Int64, until isOver: () -> Bool = { false }, write: (_ elapsed: Int64) -> Void = { _ in })
    {
        for step in 0..<(milliseconds / Self.step) where !isOver() {
            write(step * Self.step)
            oneStep()
        }
    }

    private func oneStep() {
        var left = pace.records * Int(Self.step)
        for partition in logs.indices where !bench.paused.contains(Int32(partition)) {
            read(partition, &left)
            bench.machine.learnLogEnd(partition: Int32(partition), Int64(logs[partition].count))
        }
        let before = bench.paused
        bench.pass(Self.step)
        acknowledge()
        while let (at, call) = unanswered.first, at <= bench.now.monotonic {
            unanswered.removeFirst()
            let written = logs[Int(call.batch.partition)][Int(call.batch.firstOffset)].writtenAt
            latencies.append((bench.now.monotonic - written) / 1_000_000)
            bench.answer(call)
            acknowledge()
        }
        pauses += bench.paused.subtracting(before).count
        for partition in before.subtracting(bench.paused) {
            readableAt[Int(partition)] = bench.now.monotonic + pace.resume * 1_000_000
        }
    }

    private func read(_ partition: Int, _ left: inout Int) {
        let now = bench.now.monotonic
        guard now >= readableAt[partition] else { return }
        let count = min(logs[partition].count - read[partition], left)
        if count > 0 {
            left -= count
            lastReadAt[partition] = now
            let places = read[partition]..<(read[partition] + count)
            bench.publishSilently(
                places.map {
                    let ref = "\($0)-" + String(repeating: "x", count: 250)
                    return .event(SampleEvent("dataset-\(logs[partition][$0].dataset)", ref))
                }, partition: Int32(partition))
            read[partition] += count
        } else if read[partition] == logs[partition].count, now - lastReadAt[partition] >= pace.emptyFetch * 1_000_000 {
            bench.machine.reachedEnd(partition: Int32(partition), offset: Int64(read[partition]))
        }
    }

    private func acknowledge() {
        for _ in 0..<5 where bench.commit != nil { bench.acknowledge() }
        for call in bench.everyCall.dropFirst(callCount) {
            unanswered.append((bench.now.monotonic + pace.call * 1_000_000, call))
        }
        callCount = bench.everyCall.count
    }
}
