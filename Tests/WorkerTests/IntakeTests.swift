import Kafka
import Labelling
import LookoutVision
import Synchronization
import Testing

@testable import Worker

/// Records that are decoded beside the poll thread: thousands of them, of every kind.
@Suite(.timeLimit(.minutes(5)))
struct IntakeTests {
    @Test func recordsKeepTheirOrderAndTheirContents() async throws {
        let partitions: Range<Int32> = 0..<3
        let arena = try Arena(partitions: partitions.count)
        for partition in partitions { try await arena.publishEveryKind(6000, partition: partition) }
        let found = Findings()
        let end = try await arena.consume(by: Taker(found, partitions: partitions.count, drains: true))
        #expect(end.error == nil && end.isDestroyed)
        for partition in partitions {
            let seen = found.seen.withLock { $0[partition] ?? [] }
            try #require(seen.count == 6000)
            for (number, seen) in seen.enumerated() {
                #expect(seen == Arena.kind(number, partition: partition).expected, "record \(number) of \(partition)")
            }
        }
        // At least some of that happened beside the poll thread, or the test has shown nothing.
        #expect(found.mostWaiting.load(ordering: .relaxed) > 1)
    }

    @Test func whatWasNotTakenInIsGivenBackBeforeTheClientEnds() async throws {
        let arena = try Arena()
        try await arena.publishEveryKind(3000, partition: 0)
        let found = Findings()
        let end = try await arena.consume(by: Taker(found, partitions: 1, drains: false))
        #expect(end.error == nil && end.isDestroyed, "librdkafka waits for every record")
        #expect(found.seen.withLock { $0[0] ?? [] }.count < 3000)
    }
}

private final class Findings: Sendable {
    /// By partition, in the order in which they were taken in.
    let seen = Mutex<[Int32: [String]]>([:])
    let mostWaiting = Atomic(0)
}

/// Takes records in as the engine does.
private final class Taker: ConsumerDelegate {
    private let found: Findings
    private let partitions: Int
    private let drains: Bool
    private var intake: Intake
    private var ended: Set<Int32> = []

    init(_ found: Findings, partitions: Int, drains: Bool) {
        self.found = found
        self.partitions = partitions
        self.drains = drains
        intake = Intake(logger: LogJournal().logger)
    }

    func received(_ record: consuming Record, by control: ConsumerControl) {
        guard intake.add(record) else { return }
        while let batch = intake.next() { takeIn(batch) }
        found.mostWaiting.store(
            max(found.mostWaiting.load(ordering: .relaxed), intake.waitingCount), ordering: .relaxed)
    }

    private func takeIn(_ batch: RecordBatch) {
        for number in 0..<batch.count {
            let partition = batch[number].partition
            let summary = Self.summary(of: batch[outcome: number])
            found.seen.withLock { $0[partition, default: []].append(summary) }
        }
        intake.giveBack(batch)
    }

    private static func summary(of decoded: DecodedRecord) -> String {
        switch decoded {
        case .tombstone: return "tombstone"
        case .rejected(let rejection): return "\(rejection.reason)"
        case .event(let event):
            let line = [UInt8](unsafeUninitializedCapacity: event.maximumLineCount) { buffer, count in
                count = buffer.baseAddress.map { event.writeLine(into: UnsafeMutableRawPointer($0)) } ?? 0
            }
            return
                "\(event.key) \(String(decoding: event.sourceRef, as: UTF8.self)) \(String(decoding: line, as: UTF8.self))"
        }
    }

    func reachedEnd(partition: Int32, offset: Int64, by control: ConsumerControl) {
        if drains {
            while let batch = intake.drain() { takeIn(batch) }
        }
        ended.insert(partition)
        if ended.count == partitions { control.close(deadline: .seconds(10)) }
    }

    func partitionsAssigned(_ partitions: [Int32], by control: ConsumerControl) {
        control.assign(partitions.map { ($0, ConsumerControl.beginning) })
    }

    func partitionsRevoked(_ partitions: [Int32], by control: ConsumerControl) { control.unassign(partitions) }
    func partitionsLost(_ partitions: [Int32], by control: ConsumerControl) {}
    func commitFinished(_ id: CommitID, _ outcome: CommitOutcome, by control: ConsumerControl) {}
    func consumerFailed(_ error: KafkaError, by control: ConsumerControl) {}
    func consumerEnds(by control: ConsumerControl) { intake.close() }
    func turn(_ control: ConsumerControl) -> Duration { .seconds(1) }
}

extension Arena {
    /// A record's value, and what taking it in must come to.
    fileprivate static func kind(_ number: Int, partition: Int32) -> (value: String?, expected: String) {
        let ref = "s3://photos/\(partition)/\(number).jpg"
        switch number % 50 {
        case 7: return (nil, "tombstone")
        case 13: return (#"{"project": "boards", "#, "\(Rejection.Reason.notJSON)")
        case 21, 22:
            // White space, and an escape in what is looked at.
            return (
                #"{ "project": "bo\u0061rds", "datasetType": "test", "entry": { "source-ref": "s3:\/\/photos/\#(partition)/\#(number).jpg" } }"#,
                #"boards/test \#(ref) {"source-ref":"s3:\/\/photos/\#(partition)/\#(number).jpg"}"#
            )
        case 33:
            // A line that the decoder makes.
            return (
                #"{"project":"boards","datasetType":"train","image":"\#(ref)","label":"normal"}"#,
                #"boards/train \#(ref) {"source-ref":"\#(ref)","anomaly-label":0,"anomaly-label-metadata":{"class-name":"normal","human-annotated":"yes","type":"groundtruth/image-classification"}}"#
            )
        default:
            let project = "p\(number % 5)"
            return (
                #"{"project":"\#(project)","datasetType":"train","entry":{"source-ref":"\#(ref)"}}"#,
                #"\#(project)/train \#(ref) {"source-ref":"\#(ref)"}"#
            )
        }
    }

    fileprivate func publishEveryKind(_ count: Int, partition: Int32) async throws {
        let producer = try Producer(properties: ["bootstrap.servers": cluster.bootstrapServers])
        for number in 0..<count {
            let value = Self.kind(number, partition: partition).value.map { Array($0.utf8) }
            await producer.enqueue(topic: topic, partition: partition, key: nil, value: value) { _ in }
        }
        try #require(await producer.flush(deadline: .seconds(20)))
        _ = await producer.close(deadline: .seconds(5))
    }

    fileprivate func consume(by delegate: sending Taker) async throws -> ConsumerEnd {
        let consumer = try Consumer(topic: topic, group: group, properties: kafka, delegate: delegate) { _, _, _ in }
        consumer.start()
        return await consumer.finished()
    }
}
