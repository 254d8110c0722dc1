package import Logging
package import Tracing

/// Carries W3C trace context from what comes in to what goes out, and into log lines. It keeps no spans: whoever collects
/// traces finds the calls by the identifiers in the log.
package struct TraceContextTracer: Tracer {
    package init() {}

    /// Adds `trace_id` and `span_id` to the log lines of whatever runs inside a span.
    package static let metadataProvider = Logger.MetadataProvider {
        guard let trace = ServiceContext.current?.trace else { return [:] }
        return ["trace_id": "\(trace.traceID)", "span_id": "\(trace.spanID)"]
    }

    package func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let parent = extractor.extract(key: TraceContext.parentField, from: carrier) else { return }
        let state = extractor.extract(key: TraceContext.stateField, from: carrier)
        if let trace = TraceContext(parent: parent, state: state) { context.trace = trace }
    }

    package func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let trace = context.trace else { return }
        injector.inject(trace.parent, forKey: TraceContext.parentField, into: &carrier)
        if let state = trace.state { injector.inject(state, forKey: TraceContext.stateField, into: &carrier) }
    }

    package func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> NoOpTracer.NoOpSpan {
        var generator = SystemRandomNumberGenerator()
        var context = context()
        context.trace = context.trace?.child(using: &generator) ?? .root(using: &generator)
        return NoOpTracer.NoOpSpan(context: context)
    }

    package func startAnySpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> any Tracing.Span {
        startSpan(
            operationName, context: context(), ofKind: kind, at: instant(), function: function, file: fileID, line: line
        )
    }

    package func forceFlush() {}
}
