import Foundation
import Synchronization

@testable import DatasetService

/// A database file that goes with the last reference to it.
final class TemporaryDatabase: Sendable {
    private let folder: URL
    var path: String { folder.appendingPathComponent("datasets.sqlite").path }

    init() {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("linefeed-\(UUID().uuidString)")
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }
}

/// A clock that a test turns by hand.
final class ManualClock: Sendable {
    private let time = Mutex(Timestamp(microseconds: 1_700_000_000_000_000))

    var now: Timestamp { time.withLock { $0 } }

    func advance(seconds: Int) {
        time.withLock { $0 = $0.adding(seconds: seconds) }
    }
}

/// Holds updates back until it is opened.
struct Gate: Sendable {
    private let opened: AsyncStream<Never>
    private let opening: AsyncStream<Never>.Continuation

    init(isOpen: Bool = true) {
        (opened, opening) = AsyncStream.makeStream()
        if isOpen { open() }
    }

    func open() {
        opening.finish()
    }

    /// Returns when the gate is open.
    func pass() async throws {
        for await _ in opened {}
        try Task.checkCancellation()
    }
}

/// A line of an image in `bucket`, of a class or of none.
func line(_ key: String, _ className: String? = nil, bucket: String = "photos") -> String {
    let label = className.map {
        #","label":0,"label-metadata":{"class-name":"\#($0)","type":"groundtruth/image-classification"}"#
    }
    return #"{"source-ref":"s3://\#(bucket)/\#(key)"\#(label ?? "")}"#
}

/// A file of the shared manifests; nil where they are not at hand.
func sharedManifest(_ name: String) -> Data? {
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    return try? Data(contentsOf: package.appendingPathComponent("../shared/manifests/\(name)"))
}
