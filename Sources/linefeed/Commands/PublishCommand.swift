internal import ArgumentParser
internal import FoundationEssentials
internal import Kafka
internal import Labelling
internal import Logging
internal import Synchronization
internal import Telemetry

struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Labelling events from a manifest.",
        discussion: """
            Every line of the manifest becomes one event, keyed by project/datasetType, so that a dataset's events \
            stay in one partition and in order. The whole manifest is checked before the first event is sent.
            """)

    @Argument(help: ArgumentHelp("A file of JSON Lines, or - for standard input.", valueName: "manifest"))
    var manifest: String

    @OptionGroup var configurationFile: ConfigurationOptions
    @OptionGroup var kafka: KafkaOptions
    @OptionGroup var dataset: DatasetOptions
    @OptionGroup var log: LogOptions

    func run() async throws {
        let logger = log.makeLogger("linefeed")
        let key = dataset.dataset
        let values = try Manifest(path: manifest).events(for: key)
        let producer = try Producer(
            properties: kafka.kafkaProperties,
            log: { _, _, message in
                logger.warning("librdkafka", metadata: ["line": "\(message)"])
            })
        let failures = Mutex((count: 0, first: KafkaError?.none))
        let keyBytes = Array(key.description.utf8)
        for (number, value) in values.enumerated() {
            await producer.enqueue(topic: kafka.topic, partition: nil, key: keyBytes, value: value, headers: []) {
                result in
                if case .failure(let error) = result {
                    failures.withLock { $0 = ($0.count + 1, $0.first ?? error) }
                }
            }
            if number % 1000 == 0, Console.shared.isTerminal {
                Console.shared.progress("\(number) of \(values.count) events published")
            }
        }
        await producer.close(deadline: .seconds(60))
        Console.shared.endProgress()
        let (count, first) = failures.withLock { $0 }
        if let first {
            throw CommandFailure("\(count) of \(values.count) events were not published: \(first)")
        }
        say("\(values.count) events published to \(kafka.topic) for \(key)")
    }
}

/// A file of JSON Lines.
struct Manifest {
    private let name: String
    private let bytes: [UInt8]

    init(path: String) throws {
        name = path == "-" ? "standard input" : path
        if path == "-" {
            guard let data = Descriptor.standardInput.readAll() else {
                throw CommandFailure("standard input cannot be read")
            }
            bytes = data
        } else {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw CommandFailure("\(path) cannot be read")
            }
            bytes = Array(data)
        }
    }

    /// The value of one record for every line that is not blank; a line that a worker would refuse is an error here,
    /// with its number.
    func events(for key: DatasetKey) throws -> [[UInt8]] {
        var decoder = EventDecoder()
        var events: [[UInt8]] = []
        for (number, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
        {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            guard line.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) else { continue }
            let value = EventEncoder.encode(key, line: line)
            decoder.recycle()
            let rejection = value.withUnsafeBytes { bytes -> Rejection? in
                if case .rejected(let rejection) = decoder.decode(
                    value: bytes, projectHeader: nil, datasetTypeHeader: nil)
                {
                    return rejection
                }
                return nil
            }
            if let rejection { throw CommandFailure("\(name), line \(number + 1): \(rejection)") }
            events.append(value)
        }
        return events
    }
}
