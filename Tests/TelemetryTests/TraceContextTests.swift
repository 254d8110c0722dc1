import Logging
import ServiceContextModule
import Telemetry
import Testing
import Tracing

struct TraceContextTests {
    private struct Fields: Extractor, Injector {
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
    }

    private static let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test func aParentIsReadAndWritten() throws {
        let trace = try #require(TraceContext(parent: Self.parent, state: "vendor=1"))
        #expect(trace.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(trace.spanID == "00f067aa0ba902b7")
        #expect(trace.flags == 1)
        #expect(trace.state == "vendor=1")
        #expect(trace.parent == Self.parent)
    }

    @Test(
        "What is no traceparent is passed over",
        arguments: [
            "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
            "\u{0}0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ])
    func noParent(_ text: String) {
        #expect(TraceContext(parent: text) == nil)
    }

    @Test func aLaterVersionMaySayMore() {
        #expect(TraceContext(parent: "01" + Self.parent.dropFirst(2) + "-more") != nil)
    }

    /// It comes from whoever wrote the record, and the request that carries it must be sent.
    @Test(arguments: [
        "", "a=\n", "a=b\r\nHost: c", "a=\u{0}", "a=\u{7f}", "a=\t", "a=é", String(repeating: "a", count: 513),
    ])
    func aStateThatNoHeaderMayHoldIsDropped(_ state: String) throws {
        let trace = try #require(TraceContext(parent: Self.parent, state: state))
        #expect(trace.state == nil)
        #expect(trace.parent == Self.parent)
    }

    @Test(arguments: ["a=b,c@d= ~!", String(repeating: "a", count: 512)])
    func anyOtherStateIsKept(_ state: String) throws {
        #expect(try #require(TraceContext(parent: Self.parent, state: state)).state == state)
    }

    @Test func whatComesInGoesOutAsAChildOfTheSameTrace() throws {
        let tracer = TraceContextTracer()
        var context = ServiceContext.topLevel
        tracer.extract(["traceparent": Self.parent, "tracestate": "a=b"], into: &context, using: Fields())
        let span = tracer.startSpan("call", context: context)
        var sent: [String: String] = [:]
        tracer.inject(span.context, into: &sent, using: Fields())
        let parent = try #require(sent["traceparent"])
        let trace = try #require(TraceContext(parent: parent))
        #expect(trace.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(trace.spanID != "00f067aa0ba902b7")
        #expect(trace.flags == 1)
        #expect(sent["tracestate"] == "a=b")
    }

    @Test func whereNothingComesInATraceBegins() throws {
        let tracer = TraceContextTracer()
        let first = try #require(tracer.startSpan("call", context: .topLevel).context.trace)
        let second = try #require(tracer.startSpan("call", context: .topLevel).context.trace)
        #expect(first.traceID != second.traceID)
        #expect(TraceContext(parent: first.parent) == first)
    }

    @Test func logLinesInsideASpanNameIt() throws {
        let trace = try #require(TraceContext(parent: Self.parent))
        var context = ServiceContext.topLevel
        context.trace = trace
        let metadata = ServiceContext.withValue(context) { TraceContextTracer.metadataProvider.get() }
        #expect(metadata == ["trace_id": "\(trace.traceID)", "span_id": "\(trace.spanID)"])
        #expect(TraceContextTracer.metadataProvider.get().isEmpty)
    }
}
