internal import ArgumentParser
internal import DatasetService
internal import Telemetry

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "A copy of the database of `linefeed serve`, also while it is served.",
        discussion: """
            The copy is the database as it was at one moment; the server goes on meanwhile. It is checked before it \
            appears under its name. `linefeed restore` puts it back.
            """)

    @Option(help: ArgumentHelp("The database's file.", valueName: "path"))
    var database = "linefeed.sqlite"

    @Option(help: ArgumentHelp("The new file.", valueName: "path"))
    var to: String

    func run() async throws {
        do {
            say("\(to): \(try DatabaseBackup.write(database, to: to).words)")
        } catch {
            throw CommandFailure("no backup of \(database): \(error)")
        }
    }
}

extension DatabaseBackup.Summary {
    /// For people.
    var words: String { "\(projects) projects, \(datasets) datasets, \(entries) entries, \(bytes) bytes" }
}
