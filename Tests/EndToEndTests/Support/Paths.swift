import Foundation

/// Where the parts of a test lie.
enum Paths {
    /// The executable under test, built beside the tests.
    static let linefeed = built.appending(path: "linefeed")

    private static let built = (Bundle.main.executableURL ?? URL(filePath: CommandLine.arguments[0]))
        .deletingLastPathComponent()

    static let package = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let tests = package.appending(path: "Tests/EndToEndTests")

    /// 63 entries of a segmentation project, outside of the repository.
    static let manifest = package.deletingLastPathComponent().appending(path: "shared/manifests/test.manifest")

    /// A Python that has boto3 1.40.60; made by deploy/install --tests.
    static let python = package.appending(path: ".build/venv/bin/python")

    static func exists(_ file: URL) -> Bool { FileManager.default.fileExists(atPath: file.path) }
}
