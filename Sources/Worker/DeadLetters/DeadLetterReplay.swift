package import Kafka

/// Sends dead letters back to where they came from, each once, however often it is killed and started again.
///
/// Each transaction holds some records and, in the dead-letter topic, a note for each that it was replayed. A replay
/// that starts takes over the transactional id, which ends what its predecessor left open and keeps that one from ever
/// sending again; only then does it read what was noted.
///
/// Where transactions are taken but are not atomic (the embedded cluster), a kill can leave a record that was sent and
/// not noted. So a run first notes that it begins, and where the destinations' logs end; one that came to no end is
/// searched for there by the `linefeed-replayed-origin` of what it sent. On Kafka itself that search finds nothing.
package struct DeadLetterReplay: Sendable {
    private let kafka: KafkaProperties
    private let topic: DeadLetterTopic
    private let filter: DeadLetterFilter
    private let destination: String?
    private let log: KafkaLog

    private static let startTimeout: Duration = .seconds(60)
    private static let timeout: Duration = .seconds(30)

    /// - Parameters:
    ///   - kafka: for the producer.
    ///   - topic: whose dead letters to send.
    ///   - filter: which of them.
    ///   - destination: where to, rather than to the topic that each came from.
    ///   - log: takes librdkafka's log lines.
    package init(
        kafka: KafkaProperties, topic: DeadLetterTopic, filter: DeadLetterFilter, destination: String? = nil,
        log: @escaping KafkaLog = { _, _, _ in }
    ) {
        self.kafka = kafka
        self.topic = topic
        self.filter = filter
        self.destination = destination
        self.log = log
    }

    /// What a run would do now.
    package struct Plan: Sendable {
        /// To be sent, by place.
        package var pending: [DeadLetterIndex.Entry] = []
        /// Sent before.
        package var replayed = 0
        /// Not to be sent: their headers do not say where they came from, and no destination was given.
        package var homeless: [DeadLetterIndex.Entry] = []
    }

    /// What a run did.
    package struct Report: Sendable, Hashable {
        package var sent = 0
        package var replayedBefore = 0
        package var homeless = 0
        /// Removed from the topic by its retention between the count and the sending.
        package var gone = 0
        /// Not sent: too large for the dead-letter topic, which has them without their values, and no longer where they
        /// came from.
        package var incomplete = 0
    }

    /// Changes nothing.
    package func plan() async throws(KafkaError) -> Plan {
        plan(from: try await topic.index(filter))
    }

    private func plan(from index: DeadLetterIndex) -> Plan {
        var plan = Plan()
        for entry in index.wanted {
            if entry.isReplayed {
                plan.replayed += 1
            } else if target(of: entry) == nil {
                plan.homeless.append(entry)
            } else {
                plan.pending.append(entry)
            }
        }
        return plan
    }

    /// Where a dead letter goes; nil where nobody knows.
    package func target(of entry: DeadLetterIndex.Entry) -> String? { destination ?? entry.originTopic }

    /// Sends what is to be sent.
    ///
    /// - Parameter progress: takes how many were sent so far, and of how many.
    /// - Returns: what was done.
    /// - Throws: `KafkaError`; with `isFenced` when another replay of the same topic has begun. Whatever is thrown, the
    ///   next run goes on from there.
    package func run(progress: (_ sent: Int, _ total: Int) -> Void = { _, _ in }) async throws(KafkaError) -> Report {
        let producer = try TransactionalProducer(
            properties: kafka, transactionalID: "linefeed-replay-\(topic.name)", log: log)
        try await producer.start(timeout: Self.startTimeout)
        // Not before the predecessor has ended: what it sent is seen here or nowhere.
        let index = try await topic.index(filter)
        let plan = plan(from: index)
        var report = Report(replayedBefore: plan.replayed, homeless: plan.homeless.count)
        try await noteUnnoted(of: index, producer)
        var logs: [String: [Watermarks]] = [:]
        for target in Set(plan.pending.compactMap(target)) { logs[target] = try await topic.logs(of: target) }
        let run = ReplayRun(id: String(UInt64.random(in: .min ... .max), radix: 16), destinations: Self.ends(of: logs))
        let isNeeded = !plan.pending.isEmpty
        try await note(
            index.openRuns.map { .finished(run: $0.id) } + (isNeeded ? [.started(run)] : []), partition: 0, producer)
        for chunk in DeadLetterIndex.chunks(of: plan.pending) {
            let letters = try await topic.letters(chunk)
            report.gone += chunk.count - letters.count
            var records: [TransactionRecord] = []
            var notes: [TransactionRecord] = []
            for letter in letters {
                guard let value = try await topic.value(of: letter) else {
                    report.incomplete += 1
                    continue
                }
                guard let record = record(of: letter, value, logs) else { continue }
                records.append(record)
                notes.append(mark(letter))
            }
            try await producer.transact(records, notes: notes, timeout: Self.timeout)
            report.sent += records.count
            progress(report.sent, plan.pending.count)
        }
        if isNeeded { try await note([.finished(run: run.id)], partition: 0, producer) }
        await producer.close()
        return report
    }

    // MARK: - Records

    private func record(
        of letter: StoredDeadLetter, _ value: OriginalValue, _ logs: [String: [Watermarks]]
    ) -> TransactionRecord? {
        guard let target = destination ?? letter.facts.origin?.topic else { return nil }
        // Back to its own partition, where its dataset's other events are; unless that is another topic's.
        var partition: Int32?
        if let origin = letter.facts.origin, origin.topic == target,
            logs[target]?.indices.contains(Int(origin.partition)) == true
        {
            partition = origin.partition
        }
        let headers = letter.originalHeaders.filter { !DeadLetterHeader.ofReplay.contains($0.name) }
        // Its time is now: with the original one, a topic's retention could remove it before it is read.
        return TransactionRecord(
            topic: target, partition: partition, key: letter.record.key, value: value.bytes,
            headers: headers + [
                RecordHeader(DeadLetterHeader.replayedFrom, text: letter.facts.place.description),
                RecordHeader(DeadLetterHeader.replayedOrigin, text: letter.facts.subject.description),
            ])
    }

    private func mark(_ letter: StoredDeadLetter) -> TransactionRecord {
        // In the dead letter's own partition, where retention cannot remove it before the dead letter.
        record(
            of: .replayed(subject: letter.facts.subject, from: letter.facts.place),
            partition: letter.facts.place.partition)
    }

    private func record(of mark: ReplayMark, partition: Int32) -> TransactionRecord {
        TransactionRecord(topic: topic.name, partition: partition, key: nil, value: nil, headers: mark.headers)
    }

    private func note(
        _ marks: [ReplayMark], partition: Int32, _ producer: TransactionalProducer
    ) async throws(KafkaError) {
        try await producer.transact(marks.map { record(of: $0, partition: partition) }, timeout: Self.timeout)
    }

    /// Before the runs that sent them are noted as finished, and nobody searches any more.
    private func noteUnnoted(of index: DeadLetterIndex, _ producer: TransactionalProducer) async throws(KafkaError) {
        for chunk in DeadLetterIndex.chunks(of: index.unnotedEntries) {
            try await producer.transact(
                chunk.map {
                    record(of: .replayed(subject: $0.subject, from: $0.place), partition: $0.place.partition)
                }, timeout: Self.timeout)
        }
    }

    private static func ends(of logs: [String: [Watermarks]]) -> [RecordPlace] {
        logs.flatMap { topic, logs in
            logs.enumerated().map { partition, log in
                RecordPlace(topic: topic, partition: Int32(clamping: partition), offset: log.high)
            }
        }.sorted()
    }
}
