import Labelling
import LookoutVision
import Settlement

/// An event whose bytes live as long as the value, unlike a decoder's.
struct SampleEvent: Sendable {
    var dataset: DatasetKey
    var ref: String
    var line: String

    init(_ project: String, _ ref: String, _ mark: String = "", type: DatasetType = .train) {
        dataset = DatasetKey(project: project, type: type)
        self.ref = "s3://b/\(ref)"
        line = #"{"source-ref":"s3://b/\#(ref)","mark":"\#(mark)"}"#
    }

    @discardableResult
    func withEvent<Result>(_ body: (LabellingEvent) -> Result) -> Result {
        Array(dataset.project.utf8).withUnsafeBytes { project in
            Array(ref.utf8).withUnsafeBytes { ref in
                Array(line.utf8).withUnsafeBytes { line in
                    body(LabellingEvent(project: project, type: dataset.type, sourceRef: ref, compactLine: line))
                }
            }
        }
    }
}

extension Batch {
    /// What a call sends.
    func payload(of piece: Piece) -> String {
        var bytes: [UInt8] = []
        forEachPayloadChunk(of: piece) { bytes += $0 }
        return String(decoding: bytes, as: UTF8.self)
    }

    func textLines(of piece: Piece) -> [String] {
        var lines: [String] = []
        forEachLine(of: piece) { lines.append(String(decoding: $0, as: UTF8.self)) }
        return lines
    }
}
