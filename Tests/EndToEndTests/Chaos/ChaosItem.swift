/// One record of a chaos run.
struct ChaosItem {
    enum Fate {
        /// Ends as this line of its dataset, unless a later event of the same image takes its place.
        case applied(line: String)
        /// Ends as a dead letter for this reason.
        case deadLettered(reason: String)
        /// A tombstone: nothing comes of it.
        case nothing
    }

    /// Of this run, from 0; travels in the header `chaos-number`, and in the line as `job/…`.
    var number: Int
    var key: String
    /// `project/type`.
    var dataset: String
    var image: String
    var value: String?
    var headers: [(name: String, value: String)] = []
    var fate: Fate

    static let numberHeader = "chaos-number"
}

/// Makes the records of a chaos run, the same for the same seed, however many are asked for.
struct ChaosSource {
    /// What a run is made of.
    static let datasets = 24

    private var random: Random
    private(set) var items: [ChaosItem] = []
    /// Good events of a key since its last poison: one bad line at a time, as a batch in which every line is bad
    /// counts as an outage.
    private var goodSince: [String: Int] = [:]

    init(seed: UInt64) { random = Random(seed: seed) }

    static var names: [String] { (0..<datasets).map(name) }

    private static func name(_ dataset: Int) -> String {
        "line-\(dataset / 2)/\(dataset.isMultiple(of: 2) ? "train" : "test")"
    }

    /// Datasets whose images are labelled again and again.
    static func isRelabelled(_ dataset: Int) -> Bool { dataset % 6 == 5 }

    /// Datasets whose events lie in several partitions: their key is more than their name.
    private static func shards(of dataset: Int) -> Int { dataset % 8 == 7 ? 5 : 1 }

    /// One good event for every key, so that every dataset has its bucket before a poisoned line can take its place.
    mutating func prelude() -> [ChaosItem] {
        let start = items.count
        for dataset in 0..<Self.datasets {
            for shard in 0..<Self.shards(of: dataset) { addEvent(dataset, shard) }
        }
        return Array(items[start...])
    }

    mutating func next(_ count: Int) -> [ChaosItem] {
        let start = items.count
        for _ in 0..<count {
            let dataset = Int.random(in: 0..<Self.datasets, using: &random)
            let shard = Int.random(in: 0..<Self.shards(of: dataset), using: &random)
            switch Int.random(in: 0..<1000, using: &random) {
            case 0..<4 where goodSince[key(dataset, shard), default: 0] > 3: addPoison(dataset, shard)
            case 4..<14: addUndecodable(dataset, shard)
            case 14..<24:
                items.append(
                    ChaosItem(
                        number: items.count, key: key(dataset, shard), dataset: Self.name(dataset), image: "",
                        fate: .nothing))
            default: addEvent(dataset, shard)
            }
        }
        return Array(items[start...])
    }

    private func key(_ dataset: Int, _ shard: Int) -> String {
        Self.shards(of: dataset) == 1 ? Self.name(dataset) : "\(Self.name(dataset))#\(shard)"
    }

    private mutating func addEvent(_ dataset: Int, _ shard: Int) {
        let number = items.count
        let key = key(dataset, shard)
        // An image keeps to one shard, and so to one partition: only there is an order to hold to.
        let image =
            Self.isRelabelled(dataset)
            ? "s3://bucket-\(dataset)/\(shard)/again-\(Int.random(in: 0..<60, using: &random)).jpg"
            : "s3://bucket-\(dataset)/\(shard)/\(number).jpg"
        goodSince[key, default: 0] += 1
        add(number, key, dataset, image, fate: { .applied(line: $0) })
    }

    /// A good event but for its bucket, which is not the dataset's: the service refuses any update it is in.
    private mutating func addPoison(_ dataset: Int, _ shard: Int) {
        let number = items.count
        let key = key(dataset, shard)
        goodSince[key] = 0
        add(
            number, key, dataset, "s3://elsewhere/\(number).jpg", fate: { _ in .deadLettered(reason: "update-failed") })
    }

    private mutating func add(
        _ number: Int, _ key: String, _ dataset: Int, _ image: String, fate: (String) -> ChaosItem.Fate
    ) {
        let name = Self.name(dataset)
        let slash = name.firstIndex(of: "/") ?? name.endIndex
        let (project, type) = (name[..<slash], name[slash...].dropFirst())
        let isAnomaly = random.chance(30)
        let label = isAnomaly ? "anomaly" : "normal"
        let line = """
            {"source-ref":"\(image)","anomaly-label":\(isAnomaly ? 1 : 0),"anomaly-label-metadata":{\
            "class-name":"\(label)","job-name":"job/\(number)","human-annotated":"yes",\
            "creation-date":"2026-11-23T10:00:00Z","type":"groundtruth/image-classification"}}
            """
        var item = ChaosItem(number: number, key: key, dataset: name, image: image, fate: fate(line))
        switch Int.random(in: 0..<10, using: &random) {
        case 0:
            item.value = """
                {"project":"\(project)","datasetType":"\(type)","image":"\(image)","label":"\(label)",\
                "labeller":"job/\(number)","labelledAt":"2026-11-23T10:00:00Z"}
                """
        case 1:
            item.value = line
            item.headers = [("linefeed-project", String(project)), ("linefeed-dataset-type", String(type))]
        default: item.value = #"{"project":"\#(project)","datasetType":"\#(type)","entry":\#(line)}"#
        }
        items.append(item)
    }

    private mutating func addUndecodable(_ dataset: Int, _ shard: Int) {
        let faults = [("no JSON at all", "not-json"), (#"{"datasetType":"train","entry":{}}"#, "missing-field")]
        let (value, reason) = faults[Int.random(in: 0..<faults.count, using: &random)]
        items.append(
            ChaosItem(
                number: items.count, key: key(dataset, shard), dataset: Self.name(dataset), image: "", value: value,
                fate: .deadLettered(reason: reason)))
    }
}
