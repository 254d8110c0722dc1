import CoreMetrics
import DatasetClient
import Foundation
import Kafka
import LookoutVision
import MetricsTestKit
import Settlement
import Testing

@testable import Worker

/// What a worker says of itself.
@Suite(.timeLimit(.minutes(5)))
struct StatusTests {
    @Test func everythingThatHappensIsCounted() async throws {
        let arena = try Arena()
        let factory = TestMetrics()
        let minuteAgo = Int64(Date.now.timeIntervalSince1970 * 1000) - 60_000
        try await Service.run(projects: ["boards"]) { service in
            for number in 0..<20 {
                let value = """
                    {"project":"boards","datasetType":"train","entry":\(line("\(number).jpg"))}
                    """
                try await arena.publish(value, timestamp: minuteAgo)
            }
            try await arena.publish("not json")
            try await arena.publish(nil)
            // Of another bucket: the service refuses what it is in.
            try await arena.publish([line("x.jpg", bucket: "elsewhere")], project: "boards")
            try await arena.publish([line("21.jpg"), line("22.jpg")], project: "boards")
            // Each membership is counted: none must end because the machine is busy.
            try await arena.worker(service.client, metrics: WorkerMetrics(factory: factory)) {
                $0.kafka["session.timeout.ms"] = "60000"
            }.run()
        }
        let age = Int64(Date.now.timeIntervalSince1970 * 1000) - minuteAgo
        func count(_ name: String, _ labels: [(String, String)] = []) throws -> Int64 {
            try factory.expectCounter("linefeed_\(name)_total", labels).totalValue
        }
        #expect(try count("records_consumed") == 25)
        #expect(try count("events_settled") == 23)
        #expect(try count("tombstones") == 1)
        #expect(try count("lines_applied") == 22)
        #expect(try count("dead_letters", [("reason", "not-json")]) == 1)
        #expect(try count("dead_letters", [("reason", "update-failed")]) == 1)
        #expect(try count("dead_letters", [("reason", "missing-field")]) == 0)
        #expect(try count("memberships") == 1)
        #expect(try count("rebalances", [("kind", "assigned")]) == 1)
        #expect(try count("commits", [("outcome", "stored")]) >= 2)
        #expect(try count("commits", [("outcome", "unknown")]) == 0)
        #expect(try count("ledgers_ignored") == 0)
        let completed = try count("calls", [("operation", "update"), ("outcome", "completed")])
        let refused = try count("calls", [("operation", "update"), ("outcome", "rolled-back")])
        #expect(completed >= 1 && refused >= 1)
        #expect(
            try factory.expectTimer("linefeed_call_seconds", [("operation", "update")]).values.count
                == Int(completed + refused))

        let batches = try Int(count("batches_settled"))
        #expect(try factory.expectRecorder("linefeed_batch_lines").values.reduce(0, +) == 23)
        #expect(try factory.expectRecorder("linefeed_batch_bytes").values.count == batches)
        let latencies = try factory.expectTimer("linefeed_publish_to_settled_seconds").values
        #expect(latencies.count == batches)
        #expect(latencies.max() ?? 0 >= 60_000_000_000 && latencies.max() ?? 0 <= age * 1_000_000)
        #expect(try factory.expectGauge("linefeed_memory_budget_bytes").lastValue == Double(128 << 20))
        #expect(try factory.expectGauge("linefeed_lanes_waiting", [("reason", "throttled")]).lastValue == 0)
        // They went with the partition.
        #expect(factory.recorders.allSatisfy { !$0.label.hasPrefix("linefeed_partition_") })
    }

    /// Fit for Prometheus, and bounded.
    @Test func namesAndLabelsAreInOrder() throws {
        let factory = TestMetrics()
        let metrics = WorkerMetrics(factory: factory)
        let partition = metrics.partition(7)
        var names: Set<String> = []
        for counter in factory.counters {
            #expect(counter.label.hasSuffix("_total"))
            names.insert(counter.label)
        }
        for timer in factory.timers {
            #expect(timer.label.hasSuffix("_seconds"))
            names.insert(timer.label)
        }
        names.formUnion(factory.recorders.map(\.label))
        for name in names { #expect(name.wholeMatch(of: /linefeed_[a-z_]+/) != nil) }
        let labels = Set((factory.counters.flatMap(\.dimensions) + factory.recorders.flatMap(\.dimensions)).map(\.0))
        #expect(labels == ["reason", "operation", "outcome", "kind", "partition"])
        withExtendedLifetime(partition) {}
    }

    @Test func theStatusSaysWhereThePartitionsAre() async throws {
        let arena = try Arena(partitions: 2)
        let factory = TestMetrics()
        let gate = Gate()
        try await Service.run(projects: ["boards"], gate: gate.pass) { service in
            let worker = arena.worker(
                service.client, untilEnd: false, metrics: WorkerMetrics(factory: factory))
            #expect(worker.status.membership.state == .joining)
            #expect(worker.status.readiness.obstacles.map(\.reason) == [.notAssigned])
            try await running(worker) {
                try await arena.publish((0..<10).map { line("\($0).jpg") }, project: "boards", partition: 1)
                await gate.arrival()
                // The first of them may be on their way before the last has been read.
                let status = try await arena.status(of: worker) {
                    $0.partitions.count == 2 && $0.partitions[1].position == 10
                        && $0.partitions[1].oldestUnsettledSeconds != nil
                }
                #expect(status.membership.state == .member && status.membership.joined == 1)
                #expect(status.readiness.isReady)
                #expect(status.partitions.map(\.partition) == [0, 1])
                let partition = status.partitions[1]
                #expect(partition.watermark == 0 && partition.position == 10 && partition.high == 10)
                #expect(partition.lag == 10 && partition.lanesInFlight == 1 && partition.lanesWaiting == 0)
                #expect(partition.ledgerBytes > 0 && partition.ledgerBytes < partition.ledgerLimit)
                #expect(partition.holdup == "a call has not been answered")
                #expect(partition.lanes.map(\.dataset) == ["boards/train"])
                #expect(status.batchesInFlight == 1 && status.memory.heldBytes > 0)
                #expect(try factory.expectGauge("linefeed_partition_lag_records", [("partition", "1")]).lastValue == 10)
                #expect(try factory.expectGauge("linefeed_ready").lastValue == 1)
                // As /status will give it.
                let json = try JSONEncoder().encode(status)
                #expect(try JSONDecoder().decode(WorkerStatus.self, from: json) == status)

                gate.open()
                try await arena.until { $0[1].offset == 10 }
                let done = try await arena.status(of: worker) { $0.partitions.count == 2 && $0.partitions[1].lag == 0 }
                #expect(done.partitions[1].lanes.isEmpty && done.partitions[1].holdup == nil)
                #expect(done.totals.eventsSettled == 10)
            }
            #expect(worker.status.membership.state == .ended)
            #expect(worker.status.readiness.obstacles.map(\.reason) == [.ended])
        }
    }

    /// The loop turns already, and has not said yet what it has found.
    @Test func nobodyIsReadyBeforeTheFirstLook() async throws {
        let arena = try Arena()
        let (turns, turned) = AsyncStream.makeStream(of: Void.self)
        let consumer = try Consumer(
            topic: arena.topic, group: arena.group, properties: arena.kafka, delegate: Onlooker(turned: turned)
        ) { _, _, _ in }
        let board = StatusBoard(group: arena.group, topic: arena.topic)
        #expect(board.status.readiness.obstacles.map(\.reason) == [.notAssigned])
        board.begin(consumer)
        consumer.start()
        for await _ in turns { break }
        #expect(consumer.sinceLastTurn != nil)
        #expect(board.status.readiness.obstacles.map(\.reason) == [.notAssigned])
        // Nor is what was true of one membership true of the next.
        board.publish(WorkerStatus(group: arena.group, topic: arena.topic))
        #expect(board.status.readiness.isReady)
        board.end()
        board.begin(consumer)
        #expect(board.status.readiness.obstacles.map(\.reason) == [.notAssigned])
        #expect(await consumer.finished().error == nil)
    }

    @Test func aWorkerWithoutBrokersIsNotReady() async throws {
        let arena = try Arena()
        try await Service.run(projects: ["boards"]) { service in
            var settings = arena.settings
            settings.stallAfter = .seconds(4)
            // A session that outlasts it: this is not about losing partitions.
            let worker = arena.worker(service.client, untilEnd: false, settings: settings) {
                $0.kafka["session.timeout.ms"] = "60000"
            }
            try await running(worker) {
                _ = try await arena.status(of: worker) { $0.readiness.isReady }
                try arena.cluster.brokerDown()
                let status = try await arena.status(of: worker) { !$0.readiness.isReady }
                #expect(status.readiness.obstacles.map(\.reason) == [.brokersUnreachable])
                try arena.cluster.brokerUp()
                _ = try await arena.status(of: worker) { $0.readiness.isReady }
            }
        }
    }

    @Test func refusedCredentialsAreAReason() async throws {
        var watch = AccessWatch()
        let second: Int64 = 1_000_000_000
        watch.note(.unreachable(message: "no"), now: 0)
        #expect(watch.refusal(now: 100 * second) == nil)
        // Never taken: at once.
        watch.note(.unauthorized(message: "bad signature"), now: 0)
        #expect(watch.refusal(now: 0) == "bad signature")
        watch.note(.completed, now: second)
        #expect(watch.refusal(now: second) == nil)
        // One dataset may be closed to us while others are served.
        watch.note(.exception(.init(.accessDenied, "not yours")), now: 2 * second)
        #expect(watch.refusal(now: 3 * second) == nil)
        watch.note(.rolledBack(message: "served"), now: 4 * second)
        watch.note(.unauthorized(message: "expired"), now: 5 * second)
        #expect(watch.refusal(now: 34 * second) == nil)
        #expect(watch.refusal(now: 35 * second) == "expired")
    }

    @Test func timestampsAreKeptCoarselyAndWithinBounds() {
        var track = TimestampTrack()
        #expect(track.milliseconds(at: 0) == nil)
        for offset in Int64(100)..<100_000 { track.note(offset, milliseconds: offset * 100) }
        #expect(track.milliseconds(at: 99) == nil)
        for offset in [Int64(100), 5000, 99_999] {
            let found = track.milliseconds(at: offset) ?? 0
            #expect(found <= offset * 100 && offset * 100 - found < 10_000, "\(offset): \(found)")
        }
        // However a sender's clock leaps.
        var wild = TimestampTrack()
        for offset in Int64(0)..<300_000 { wild.note(offset, milliseconds: offset.isMultiple(of: 2) ? 0 : .max) }
        #expect(wild.milliseconds(at: 299_999) != nil)
        // Read again: known.
        track.note(500, milliseconds: 1)
        track.forget(below: 50_000)
        #expect(abs((track.milliseconds(at: 50_000) ?? 0) - 5_000_000) < 10_000)
        #expect(track.milliseconds(at: 99_999) != nil)
    }
}

/// Tells of its turns, and ends with the second.
private final class Onlooker: ConsumerDelegate {
    private let turned: AsyncStream<Void>.Continuation
    private var turns = 0

    init(turned: AsyncStream<Void>.Continuation) { self.turned = turned }

    func turn(_ control: ConsumerControl) -> Duration {
        turns += 1
        turned.yield()
        if turns == 2 { control.close(deadline: .seconds(30)) }
        return .seconds(60)
    }

    func consumerEnds(by control: ConsumerControl) {}
    func received(_ record: consuming Record, by control: ConsumerControl) {}
    func reachedEnd(partition: Int32, offset: Int64, by control: ConsumerControl) {}
    func partitionsAssigned(_ partitions: [Int32], by control: ConsumerControl) {}
    func partitionsRevoked(_ partitions: [Int32], by control: ConsumerControl) { control.unassign(partitions) }
    func partitionsLost(_ partitions: [Int32], by control: ConsumerControl) {}
    func commitFinished(_ id: CommitID, _ outcome: CommitOutcome, by control: ConsumerControl) {}
    func consumerFailed(_ error: KafkaError, by control: ConsumerControl) {}
}
