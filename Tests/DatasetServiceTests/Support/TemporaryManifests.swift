import Foundation

/// A folder of manifests, all in the bucket `manifests`, that goes with the last reference to it.
final class TemporaryManifests: Sendable {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "linefeed-\(UUID().uuidString)")
    private let root: URL
    var path: String { root.path }

    init() {
        root = folder.appending(path: "root")
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    func write(_ text: String, _ key: String) throws {
        try write(text, to: root.appending(path: "manifests/\(key)"))
    }

    /// A file beside the folder and several ways to it, a pipe, and a folder.
    func prepareTraps(outside: String) throws {
        let manager = FileManager.default
        let bucket = root.appending(path: "manifests")
        try write(outside, to: folder.appending(path: "outside"))
        try manager.createDirectory(at: bucket.appending(path: "folder"), withIntermediateDirectories: true)
        try manager.createSymbolicLink(
            at: bucket.appending(path: "link"), withDestinationURL: folder.appending(path: "outside"))
        try manager.createSymbolicLink(at: bucket.appending(path: "linked"), withDestinationURL: folder)
        try manager.createSymbolicLink(at: root.appending(path: "linked"), withDestinationURL: folder)
        guard mkfifo(bucket.appending(path: "pipe").path, 0o600) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    private func write(_ text: String, to file: URL) throws {
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }
}
