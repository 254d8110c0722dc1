internal import Foundation
internal import Labelling
internal import LookoutVision
internal import Settlement

/// What the demo publishes, and what must come of it: made from a seed, kept apart from everything that it checks.
struct DemoScript: Sendable {
    /// A record as it is published.
    struct Event: Sendable {
        var key: String
        var value: [UInt8]?
        /// nil: no dataset will ever hear of it.
        var dataset: DatasetKey?
    }

    private(set) var events: [Event] = []
    /// By dataset and source-ref, the entry that the last event leaves behind.
    private(set) var expected: [DatasetKey: [String: DemoEntry]] = [:]
    private(set) var eventCounts: [DatasetKey: Int] = [:]
    /// Datasets in which images are labelled more than once.
    private(set) var relabelled: Set<DatasetKey> = []
    private(set) var undecodable = 0
    private(set) var tombstones = 0

    private static let projects = ["boards", "bottles", "castings", "fabric"]

    init(events count: Int, seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let datasets = Self.projects.flatMap { project in
            DatasetType.allCases.map { DatasetKey(project: project, type: $0) }
        }
        relabelled = Set(datasets.filter { $0.project == "fabric" })
        for dataset in datasets { expected[dataset] = [:] }
        for number in 0..<count {
            guard let dataset = datasets.randomElement(using: &random) else { continue }
            switch number % 500 {
            case 171:
                undecodable += 1
                events.append(Event(key: dataset.description, value: Array(#"{"project":"boards","entry":"#.utf8)))
            case 342:
                tombstones += 1
                events.append(Event(key: dataset.description, value: nil))
            default:
                append(number, to: dataset, &random)
            }
        }
    }

    private mutating func append(_ number: Int, to dataset: DatasetKey, _ random: inout SplitMix64) {
        // In the relabelled datasets an image comes back about four times, and the last label must win.
        let image = relabelled.contains(dataset) ? Int.random(in: 0..<max(1, number / 16 + 1), using: &random) : number
        let ref = "s3://\(dataset.project)-line-3/\(dataset.type.rawValue)/camera-\(image % 4)/\(image).jpg"
        let isAnomaly = Int.random(in: 0..<10, using: &random) < 3
        let label = isAnomaly ? "anomaly" : "normal"
        let confidence = Double(Int.random(in: 50...100, using: &random)) / 100
        let time = "2026-11-23T\(10 + number / 3600 % 12):\(10 + number / 60 % 50):\(10 + number % 50)Z"
        let entry: [String: Any] = [
            "source-ref": ref, "anomaly-label": isAnomaly ? 1 : 0,
            "anomaly-label-metadata": [
                "class-name": label, "confidence": confidence, "job-name": "job/\(number)", "human-annotated": "yes",
                "creation-date": time, "type": "groundtruth/image-classification",
            ],
        ]
        let short = """
            {"project": "\(dataset.project)", "datasetType": "\(dataset.type.rawValue)", "image": "\(ref)", \
            "label": "\(label)", "labelledAt": "\(time)", "labeller": "job/\(number)", "confidence": \(confidence)}
            """
        // Every third event in the short form, the others as a whole entry.
        let value =
            number % 3 == 0
            ? Array(short.utf8)
            : EventEncoder.encode(dataset, line: (try? JSONSerialization.data(withJSONObject: entry)) ?? Data())
        events.append(Event(key: dataset.description, value: value, dataset: dataset))
        eventCounts[dataset, default: 0] += 1
        expected[dataset]?[ref] = DemoEntry(entry)
    }
}

/// An entry that is compared as JSON, whatever the order of its members.
///
/// `@unchecked Sendable`: what JSON consists of is immutable, and nobody keeps the dictionary that it was made of.
struct DemoEntry: Equatable, @unchecked Sendable {
    private let members: NSDictionary

    init(_ members: [String: Any]) { self.members = members as NSDictionary }

    /// nil where the line is no JSON object.
    init?(line: String) {
        guard let members = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
            return nil
        }
        self.init(members)
    }

    var sourceRef: String? { members["source-ref"] as? String }
}
