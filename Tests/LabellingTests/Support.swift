import Glibc
import LookoutVision

@testable import Labelling

/// Memory that ends where a page begins that nobody may touch: one byte read or written too far ends the test.
struct GuardedMemory: ~Copyable {
    private let base: UnsafeMutableRawPointer
    private let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
    private let size: Int

    init(pages: Int = 64) {
        size = pages * pageSize
        let mapped = mmap(nil, size + pageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped, mapped != MAP_FAILED, mprotect(mapped + size, pageSize, PROT_NONE) == 0 else {
            preconditionFailure("no memory for the test: errno \(errno)")
        }
        base = mapped
    }

    deinit { munmap(base, size + pageSize) }

    /// The last `count` bytes before the forbidden page.
    func last(_ count: Int) -> UnsafeMutableRawBufferPointer {
        precondition(count <= size)
        return UnsafeMutableRawBufferPointer(start: base + (size - count), count: count)
    }

    func place(_ bytes: [UInt8]) -> UnsafeRawBufferPointer {
        let place = last(bytes.count)
        place.copyBytes(from: bytes)
        return UnsafeRawBufferPointer(place)
    }
}

/// A decoded record that owns what it says.
enum Outcome: Equatable {
    case event(Event)
    case tombstone
    case rejected(Rejection)

    struct Event: Equatable {
        var key: DatasetKey
        var sourceRef: String
        /// `LabellingEvent.line`, white space included.
        var line: String
        /// What `writeLine` wrote.
        var written: String
    }

    var event: Event? { if case .event(let event) = self { event } else { nil } }
    var rejection: Rejection? { if case .rejected(let rejection) = self { rejection } else { nil } }
}

/// A decoder whose input, headers and output all end at forbidden pages.
struct Subject: ~Copyable {
    private var decoder = EventDecoder()
    private let value: GuardedMemory
    private let project: GuardedMemory
    private let type: GuardedMemory
    private let output: GuardedMemory

    init() {
        // The longest value that is looked at has to fit.
        value = GuardedMemory(pages: EventDecoder.maximumValueBytes / 4096 + 1)
        project = GuardedMemory(pages: 1)
        type = GuardedMemory(pages: 1)
        output = GuardedMemory()
    }

    mutating func decode(_ bytes: [UInt8]?, project: String? = nil, type: String? = nil) -> Outcome {
        var borrowedValue: UnsafeRawBufferPointer?
        var borrowedProject: UnsafeRawBufferPointer?
        var borrowedType: UnsafeRawBufferPointer?
        if let bytes { borrowedValue = value.place(bytes) }
        if let project { borrowedProject = self.project.place(Array(project.utf8)) }
        if let type { borrowedType = self.type.place(Array(type.utf8)) }
        decoder.recycle()
        switch decoder.decode(
            value: borrowedValue, projectHeader: borrowedProject, datasetTypeHeader: borrowedType)
        {
        case .tombstone: return .tombstone
        case .rejected(let rejection): return .rejected(rejection)
        case .event(let event):
            let target = output.last(event.maximumLineCount)
            let count = target.baseAddress.map { event.writeLine(into: $0) } ?? 0
            return .event(
                .init(
                    key: event.key, sourceRef: String(decoding: event.sourceRef, as: UTF8.self),
                    line: String(decoding: event.line, as: UTF8.self),
                    written: String(decoding: target.prefix(count), as: UTF8.self)))
        }
    }

    mutating func decode(_ text: String, project: String? = nil, type: String? = nil) -> Outcome {
        decode(Array(text.utf8), project: project, type: type)
    }
}

/// Removes the white space outside strings, byte by byte: the plain way to say what `writeLine` has to write.
func compacted(_ text: String) -> String {
    var output: [UInt8] = []
    var inString = false
    var escaped = false
    for byte in text.utf8 {
        if inString {
            inString = escaped || byte != UInt8(ascii: "\"")
            escaped = !escaped && byte == UInt8(ascii: "\\")
        } else if byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
            continue
        } else {
            inString = byte == UInt8(ascii: "\"")
        }
        output.append(byte)
    }
    return String(decoding: output, as: UTF8.self)
}

/// Lines of the real manifests, which lie beside the package; none where they do not.
enum Manifests {
    static let names = ["test.manifest", "train.manifest", "updates.manifest"]

    static func lines(_ name: String, file: String = #filePath) -> [String] {
        var folder = file[...]
        for _ in 0..<3 { folder = folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)] }
        guard let stream = fopen("\(folder)/../shared/manifests/\(name)", "r") else { return [] }
        defer { fclose(stream) }
        var bytes: [UInt8] = []
        while case let byte = getc(stream), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
        return bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    static var areHere: Bool { !lines("test.manifest").isEmpty }
}
