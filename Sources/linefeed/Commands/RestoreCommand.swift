internal import ArgumentParser
internal import DatasetService
internal import Telemetry

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Puts a backup in the place of the database of `linefeed serve`.",
        discussion: """
            Stop the server first: a database that is in use is refused. The restore is whole or not at all, even if \
            it is killed.
            """)

    @Option(help: ArgumentHelp("What `linefeed backup` wrote.", valueName: "path"))
    var from: String

    @Option(help: ArgumentHelp("The database's file.", valueName: "path"))
    var database = "linefeed.sqlite"

    @Flag(help: "The database may exist already; what it holds is lost.")
    var replace = false

    func run() async throws {
        do {
            let summary = try DatabaseBackup.restore(from, to: database, replacing: replace)
            say("\(database): \(summary.words)")
        } catch DatabaseBackup.Failure.fileExists {
            throw CommandFailure("\(database) exists already; with --replace what it holds is given up")
        } catch {
            throw CommandFailure("\(from) was not restored: \(error)")
        }
    }
}
