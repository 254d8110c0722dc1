import Kafka

/// Looks on from outside, while a run is going on: at the log, at what the group has committed, at every line that was
/// written into a dataset, at the dead letters. Holds them against each other.
actor ChaosWatch {
    struct Place: Hashable {
        var partition: Int32
        var offset: Int64
    }

    let setup: Arena.Setup
    let audit: Audit
    private let reader: ClusterReader

    /// What was or will be published, by number.
    var items: [ChaosItem] = []
    /// Numbers by offset, by partition: what really stands in the log, which a producer's retry may have doubled.
    var log: [[Int]] = Array(repeating: [], count: ChaosPlan.partitions)
    var places: [Int: [Place]] = [:]
    private var committed: [Int32: Int64] = [:]
    private var checked: [Int32: Int64] = [:]
    private var lastRow: Int64 = 0
    private var lettersRead: Int64 = 0

    /// How often each event's line was written.
    var applied: [Int: Int] = [:]
    /// The offset of the event that each image shows.
    private var shown: [String: Int64] = [:]
    /// Records that have a dead letter.
    var dead: Set<Place> = []
    var letters = 0

    private(set) var violations: [String] = []
    /// How often the cluster, being disturbed, did not answer.
    private(set) var blinks = 0
    private(set) var looks = 0

    private static let timeout: Duration = .seconds(5)
    private var lettersTopic: String { setup.topic + ".dead-letters" }

    init(setup: Arena.Setup, audit: Audit) throws {
        self.setup = setup
        self.audit = audit
        reader = try ClusterReader(
            properties: ["bootstrap.servers": setup.brokers, "fetch.wait.max.ms": "20"], group: setup.group)
    }

    func announce(_ more: [ChaosItem]) { items += more }

    var linesApplied: Int { applied.count }

    func violate(_ text: String) { violations.append(text) }

    /// One look, in the order that cannot accuse falsely: first how far the group says it is, then what is true.
    ///
    /// - Returns: whether the look was a whole one.
    @discardableResult
    func look() async -> Bool {
        looks += 1
        do {
            let offsets = try await reader.committedOffsets(of: setup.topic, timeout: Self.timeout)
            judgeOrder(of: offsets)
            let rows = try await audit.rows(after: lastRow)
            try await readLetters()
            try await readLog()
            for row in rows { judge(row) }
            lastRow = rows.last?.id ?? lastRow
            judgeReach()
            return true
        } catch {
            blinks += 1
            return false
        }
    }

    // MARK: - Reading

    private func readLog() async throws {
        let marks = try await reader.watermarks(of: setup.topic, timeout: Self.timeout)
        for (number, mark) in marks.enumerated() where mark.high > Int64(log[number].count) {
            let records = try await reader.records(
                setup.topic, partition: Int32(number), range: Int64(log[number].count)..<mark.high,
                timeout: Self.timeout)
            for record in records {
                let expected = Int64(log[number].count)
                guard record.offset == expected else {
                    violate("reading partition \(number) went from \(expected) to \(record.offset)")
                    throw Failure("a gap")
                }
                let text = record.headers.first { $0.name == ChaosItem.numberHeader }?.value
                guard let item = text.flatMap({ Int(String(decoding: $0, as: UTF8.self)) }),
                    items.indices.contains(item)
                else { throw Failure("a record that nobody has published") }
                places[item, default: []].append(Place(partition: record.partition, offset: record.offset))
                log[number].append(item)
            }
        }
    }

    private func readLetters() async throws {
        guard let mark = try await reader.watermarks(of: lettersTopic, timeout: Self.timeout).first,
            mark.high > lettersRead
        else { return }
        let records = try await reader.records(
            lettersTopic, partition: 0, range: lettersRead..<mark.high, timeout: Self.timeout)
        for record in records {
            if record.offset != lettersRead {
                violate("reading the dead letters went from \(lettersRead) to \(record.offset)")
            }
            judge(letter: record)
            lettersRead = record.offset + 1
        }
    }

    // MARK: - Judging

    private func judgeOrder(of offsets: [CommittedOffset]) {
        for found in offsets where found.error == nil {
            let before = committed[found.partition] ?? 0
            let now = found.offset ?? 0
            if now < before { violate("partition \(found.partition): committed went back from \(before) to \(now)") }
            committed[found.partition] = now
        }
    }

    private func judge(_ row: Audit.Row) {
        guard let number = row.number, items.indices.contains(number), items[number].dataset == row.dataset,
            items[number].image == row.image, case .applied = items[number].fate, let places = places[number]
        else { return violate("\(row.dataset): a line that does not belong there: \(row.image)") }
        applied[number, default: 0] += 1
        if applied[number, default: 0] > places.count {
            violate("event \(number) at \(places) of \(row.dataset) was applied \(applied[number, default: 0]) times")
        }
        let name = Self.name(row.dataset, row.image)
        if places.count == 1, places[0].offset < shown[name] ?? 0 {
            violate("event \(number) at \(places[0]) of \(row.dataset) was written over a later one's line")
        }
        shown[name] = max(shown[name] ?? 0, places.map(\.offset).max() ?? 0)
    }

    private func judge(letter: StoredRecord) {
        let headers = Dictionary(
            letter.headers.map { ($0.name, $0.value.map { String(decoding: $0, as: UTF8.self) } ?? "") },
            uniquingKeysWith: { $1 })
        guard let partition = headers["linefeed-origin-partition"].flatMap({ Int32($0) }),
            let offset = headers["linefeed-origin-offset"].flatMap({ Int64($0) }),
            let number = headers[ChaosItem.numberHeader].flatMap({ Int($0) }), items.indices.contains(number),
            case .deadLettered(let reason) = items[number].fate, headers["linefeed-reason"] == reason,
            letter.value == items[number].value.map({ Array($0.utf8) })
        else { return violate("a dead letter that nobody expects: \(headers)") }
        letters += 1
        dead.insert(Place(partition: partition, offset: offset))
    }

    /// Whether every event below the committed offsets is settled.
    private func judgeReach() {
        for (partition, offset) in committed.sorted(by: { $0.key < $1.key }) {
            let log = log[Int(partition)]
            if offset > log.count { violate("partition \(partition): committed \(offset) of \(log.count)") }
            var next = checked[partition] ?? 0
            while next < min(offset, Int64(log.count)) {
                if !isSettled(Place(partition: partition, offset: next), log[Int(next)]) {
                    violate(
                        "partition \(partition): committed \(offset), but event \(log[Int(next)]) at \(next) is open")
                }
                next += 1
            }
            checked[partition] = next
        }
    }

    private func isSettled(_ place: Place, _ number: Int) -> Bool {
        let item = items[number]
        return switch item.fate {
        case .nothing: true
        case .deadLettered: dead.contains(place)
        case .applied: (shown[Self.name(item.dataset, item.image)] ?? -1) >= place.offset
        }
    }

    private static func name(_ dataset: String, _ image: String) -> String { dataset + " " + image }

    /// Whether the group has committed everything that is in the log; by the latest look.
    var isDrained: Bool {
        places.count == items.count
            && log.indices.allSatisfy { log[$0].isEmpty || committed[Int32($0)] == Int64(log[$0].count) }
    }

    /// Partitions that are behind: committed offset and length.
    var behind: String {
        log.indices.filter { committed[Int32($0)] ?? 0 < log[$0].count }
            .map { "\($0): \(committed[Int32($0)] ?? 0) of \(log[$0].count)" }.joined(separator: ", ")
    }
}
