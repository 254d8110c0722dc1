import Foundation

/// What Prometheus itself says of an exposition.
package enum Promtool {
    private static let path = "/usr/bin/promtool"

    package static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: path) }

    /// Why a test does not run without it.
    package static let need = "needs promtool of Debian's package prometheus: deploy/install --tests"

    /// The exit status of `promtool check metrics` and what it printed: 0 and nothing for a text that parses and follows
    /// the conventions, 3 for one that only parses.
    package static func check(_ exposition: String) throws -> (status: Int32, output: String) {
        // A file, since a pipe holds less than an exposition may have.
        let file = FileManager.default.temporaryDirectory.appending(path: "linefeed-\(UUID().uuidString).txt")
        try Data(exposition.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = ["check", "metrics"]
        process.standardInput = try FileHandle(forReadingFrom: file)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}
