import Kafka
import Synchronization

/// Records for a number of datasets, and what must come of them.
struct Workload {
    /// One record, before it is sent.
    struct Item {
        var key: String
        var value: String?
        var headers: [(name: String, value: String)] = []
        /// For a record that must be dead-lettered.
        var refusal: Refusal?
    }

    /// What the headers of its dead letter say.
    struct Refusal: Hashable {
        var reason: String
        var field: String?
    }

    /// Of a refused record.
    struct Origin: Hashable {
        var partition: Int32
        var offset: Int64
    }

    /// What a dataset must be in the end.
    struct Expectation {
        /// The last event's line for each image.
        var entries: [String: String] = [:]
        var events = 0
        /// No image comes twice, so that the lines applied must be as many as the events.
        var isUnique: Bool
    }

    let topic: String
    private(set) var items: [Item] = []
    /// By `project/type`.
    private(set) var expected: [String: Expectation] = [:]

    /// The same for the same seed; half of the datasets are train, half test.
    ///
    /// `oddities`: relabelled images, all three forms, tombstones and undecodable records, not only envelopes.
    init(topic: String, datasets: Int, records: Int, oddities: Bool, seed: UInt64) {
        self.topic = topic
        var random = Random(seed: seed)
        for dataset in 0..<datasets {
            expected[Self.name(dataset)] = Expectation(isUnique: !oddities || dataset % 5 != 4)
        }
        items.reserveCapacity(records)
        for number in 0..<records {
            let dataset = Self.name(Int.random(in: 0..<datasets, using: &random))
            if oddities, random.chance(2) {
                items.append(random.chance(50) ? Item(key: dataset) : Self.undecodable(number, dataset, &random))
            } else {
                addEvent(number, dataset, oddities: oddities, &random)
            }
        }
    }

    private static func name(_ dataset: Int) -> String { "line-\(dataset / 2)/\(dataset % 2 == 0 ? "train" : "test")" }

    private static func parts(_ dataset: String) -> (project: Substring, type: Substring) {
        let slash = dataset.firstIndex(of: "/") ?? dataset.endIndex
        return (dataset[..<slash], dataset[slash...].dropFirst())
    }

    private mutating func addEvent(_ number: Int, _ dataset: String, oddities: Bool, _ random: inout Random) {
        let (project, type) = Self.parts(dataset)
        let image =
            expected[dataset]?.isUnique == true
            ? "s3://\(project)/images/\(number).jpg"
            : "s3://\(project)/images/again-\(Int.random(in: 0..<150, using: &random)).jpg"
        let label = random.chance(30) ? "anomaly" : "normal"
        // The number makes every line one of its kind: an older one cannot pass for the last.
        let job = "job/\(number)"
        let integer = label == "anomaly" ? 1 : 0
        let line = """
            {"source-ref":"\(image)","anomaly-label":\(integer),"anomaly-label-metadata":{"class-name":"\(label)",\
            "job-name":"\(job)","human-annotated":"yes","creation-date":"2026-11-23T10:00:00Z",\
            "type":"groundtruth/image-classification"}}
            """
        expected[dataset]?.events += 1
        expected[dataset]?.entries[image] = line

        var item = Item(key: dataset)
        switch oddities ? Int.random(in: 0..<20, using: &random) : 19 {
        case 0:
            item.value = """
                {"project":"\(project)","datasetType":"\(type)","image":"\(image)","label":"\(label)",\
                "labeller":"\(job)","labelledAt":"2026-11-23T10:00:00Z"}
                """
        case 1:
            item.value = line
            item.headers = [("linefeed-project", String(project)), ("linefeed-dataset-type", String(type))]
        default:
            item.value = #"{"project":"\#(project)","datasetType":"\#(type)","entry":\#(line)}"#
        }
        items.append(item)
    }

    private static func undecodable(_ number: Int, _ dataset: String, _ random: inout Random) -> Item {
        let (project, _) = parts(dataset)
        let faults: [(String, String, String)] = [
            ("no JSON at all, number \(number)", "not-json", "value"),
            (
                #"{"project":"\#(project)","datasetType":"zzz","entry":{"source-ref":"s3://a/\#(number)"}}"#,
                "bad-value", "datasetType"
            ),
            (#"{"datasetType":"train","entry":{"source-ref":"s3://a/\#(number)"}}"#, "missing-field", "project"),
            (
                #"{"project":"\#(project)","datasetType":"train","entry":{"number":\#(number)}}"#, "missing-field",
                "entry.source-ref"
            ),
            (
                #"{"project":"\#(project)","datasetType":"train","image":\#(number),"label":"normal"}"#, "wrong-type",
                "image"
            ),
        ]
        let (value, reason, field) = faults[Int.random(in: 0..<faults.count, using: &random)]
        return Item(key: dataset, value: value, refusal: Refusal(reason: reason, field: field))
    }

    /// Moves an event's image to another bucket than its dataset's: the service refuses every update that it is in.
    mutating func makePoison(of number: Int) {
        guard var value = items[number].value, let dataset = expected.first(where: { $0.key == items[number].key }),
            let image = dataset.value.entries.keys.first(where: { $0.hasSuffix("/\(number).jpg") })
        else { return }
        value.replace(image, with: "s3://elsewhere/\(number).jpg")
        items[number].value = value
        items[number].refusal = Refusal(reason: "update-failed", field: nil)
        expected[dataset.key]?.entries[image] = nil
        expected[dataset.key]?.events -= 1
    }

    var tombstones: Int { items.count { $0.value == nil } }

    var events: Int { expected.values.reduce(0) { $0 + $1.events } }

    /// Sends everything in order, keyed by dataset.
    ///
    /// - Returns: where the records went that must be refused.
    func publish(to brokers: String) async throws -> [Origin: Item] {
        // Compressed, all of it fits into what the embedded cluster keeps of a partition.
        let producer = try Producer(properties: [
            "bootstrap.servers": brokers, "compression.type": "lz4", "linger.ms": "20",
        ])
        let outcome = Mutex((refused: [Origin: Item](), failures: [KafkaError](), delivered: 0))
        for item in items {
            await producer.enqueue(
                topic: topic, key: Array(item.key.utf8), value: item.value.map { Array($0.utf8) },
                headers: item.headers.map { RecordHeader($0.name, Array($0.value.utf8)) }
            ) { result in
                outcome.withLock { outcome in
                    switch result {
                    case .success(let delivery):
                        outcome.delivered += 1
                        if item.refusal != nil, let offset = delivery.offset {
                            outcome.refused[Origin(partition: delivery.partition, offset: offset)] = item
                        }
                    case .failure(let error): outcome.failures.append(error)
                    }
                }
            }
        }
        await producer.close(deadline: .seconds(30))
        let (refused, failures, delivered) = outcome.withLock { $0 }
        if let failure = failures.first { throw Failure("\(failures.count) records were not published: \(failure)") }
        guard delivered == items.count, refused.count == items.count(where: { $0.refusal != nil }) else {
            throw Failure("\(delivered) of \(items.count) records were published")
        }
        return refused
    }
}
