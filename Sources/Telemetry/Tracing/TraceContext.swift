package import ServiceContextModule

/// Where in a trace something happens, as the header `traceparent` says it.
///
/// Source: W3C Trace Context, version 00, section 3.2.
package struct TraceContext: Sendable, Equatable {
    /// 32 lower-case hexadecimal digits, not all 0.
    package let traceID: String
    /// 16 lower-case hexadecimal digits, not all 0.
    package let spanID: String
    /// The lowest bit says that whoever began the trace keeps it.
    package let flags: UInt8
    /// `tracestate`, passed on as it came; nil where there is none, or none that can be.
    package let state: String?

    package static let parentField = "traceparent"
    package static let stateField = "tracestate"

    private init(traceID: String, spanID: String, flags: UInt8, state: String?) {
        self.traceID = traceID
        self.spanID = spanID
        self.flags = flags
        self.state = state
    }

    /// nil for what is no `traceparent`; such a header is passed over, as the specification asks.
    package init?(parent: String, state: String? = nil) {
        let parts = parent.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, Self.isHex(parts[0], digits: 2), parts[0] != "ff",
            // A later version may say more behind the flags; the first one may not.
            parts.count == 4 || parts[0] != "00",
            Self.isHex(parts[1], digits: 32), Self.isHex(parts[2], digits: 16), Self.isHex(parts[3], digits: 2),
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" }),
            let flags = UInt8(parts[3], radix: 16)
        else { return nil }
        self.init(
            traceID: String(parts[1]), spanID: String(parts[2]), flags: flags,
            state: state.flatMap { Self.canBePassedOn($0) ? $0 : nil })
    }

    /// What is longer need not be (section 3.3.1.5); other characters than these are no `tracestate` (3.3.1.3), and a header
    /// with them is refused by whoever sends it.
    private static func canBePassedOn(_ state: String) -> Bool {
        1...512 ~= state.utf8.count && state.utf8.allSatisfy { 0x20...0x7e ~= $0 }
    }

    /// The value of `traceparent`.
    package var parent: String { "00-\(traceID)-\(spanID)-\(Self.hex(UInt64(flags), digits: 2))" }

    /// A new place in the same trace.
    func child(using generator: inout some RandomNumberGenerator) -> TraceContext {
        TraceContext(traceID: traceID, spanID: Self.identifier(using: &generator), flags: flags, state: state)
    }

    /// A new trace, which nobody is asked to keep.
    static func root(using generator: inout some RandomNumberGenerator) -> TraceContext {
        TraceContext(
            traceID: identifier(using: &generator) + identifier(using: &generator),
            spanID: identifier(using: &generator), flags: 0, state: nil)
    }

    private static func identifier(using generator: inout some RandomNumberGenerator) -> String {
        hex(UInt64.random(in: 1 ... .max, using: &generator), digits: 16)
    }

    private static func hex(_ number: UInt64, digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }

    private static func isHex(_ text: Substring, digits: Int) -> Bool {
        text.utf8.count == digits
            && text.utf8.allSatisfy {
                UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
            }
    }
}

extension ServiceContext {
    private enum Key: ServiceContextKey {
        typealias Value = TraceContext
        static let nameOverride: String? = "trace-context"
    }

    /// The place in a trace that this context belongs to; nil for none.
    package var trace: TraceContext? {
        get { self[Key.self] }
        set { self[Key.self] = newValue }
    }
}
