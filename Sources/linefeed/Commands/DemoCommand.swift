internal import ArgumentParser
internal import DatasetService
internal import Foundation
internal import Kafka
internal import Logging
internal import ServiceLifecycle
internal import Settlement
internal import Telemetry
internal import UnixSignals

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "See the whole of it on this machine, with a worker killed in the middle.",
        discussion: """
            Starts an embedded Kafka cluster, the dataset API and worker processes; publishes labelling events for \
            several projects; kills a worker with SIGKILL while they work; and then compares every dataset with what \
            the events say, and the history of updates with their tokens. Ends with status 0 only if every entry is \
            right and nothing was applied twice.
            """)

    @Option(help: ArgumentHelp("Labelling events to publish.", valueName: "n"))
    var events = 6000

    @Option(help: ArgumentHelp("Worker processes.", valueName: "n"))
    var workers = 3

    @Option(help: ArgumentHelp("Workers to kill with SIGKILL, one after the other.", valueName: "n"))
    var kills = 1

    @Option(help: ArgumentHelp("What the events are made from; another one, other events.", valueName: "n"))
    var seed: UInt64 = 1

    @Flag(help: "Leave the database and the workers' logs where they are.")
    var keep = false

    func validate() throws {
        guard (100...1_000_000).contains(events) else { throw ValidationError("--events takes 100 to 1000000.") }
        guard (1...16).contains(workers) else { throw ValidationError("--workers takes 1 to 16.") }
        guard (0...20).contains(kills) else { throw ValidationError("--kills takes 0 to 20.") }
    }

    func run() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "linefeed-demo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let demo = Demo(script: DemoScript(events: events, seed: seed), options: self, folder: folder)
        let outcome = await Result.catching {
            try await ServiceGroup(
                configuration: .init(
                    services: [
                        .init(service: DemoService(demo: demo), successTerminationBehavior: .gracefullyShutdownGroup)
                    ],
                    gracefulShutdownSignals: [.sigterm, .sigint],
                    logger: Logger(label: "demo") { ConsoleLogHandler(label: $0, level: .error, format: .text) })
            ).run()
        }
        Console.shared.endProgress()
        if keep {
            say("Database and logs: \(folder.path)")
        } else {
            try FileManager.default.removeItem(at: folder)
        }
        try outcome.get()
    }
}

/// Lets a signal end the demo as an error does: its workers are stopped and its folder is removed.
private struct DemoService: Service {
    let demo: Demo

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await demo.run() }
        } catch is CancellationError {
            throw CommandFailure("stopped before its end")
        }
    }
}
