import CSimdjson

/// Finds the tokens of one JSON text after another, in buffers that it keeps.
///
/// Sendable, since what it points to has one owner and is reached through mutating calls alone.
struct TokenIndexer: ~Copyable, @unchecked Sendable {
    private let indexer: OpaquePointer

    init() {
        guard let indexer = csimdjson_indexer_create() else { preconditionFailure("out of memory") }
        self.indexer = indexer
    }

    deinit { csimdjson_indexer_destroy(indexer) }

    /// The tokens of `text`: valid until the next call, and while `text` is.
    mutating func index(_ text: UnsafeRawBufferPointer) throws(JSONFault) -> JSONTokens {
        guard let base = text.baseAddress, !text.isEmpty else { throw JSONFault(.empty, at: 0) }
        let bytes = base.assumingMemoryBound(to: UInt8.self)
        var tokens = csimdjson_tokens()
        switch csimdjson_index(indexer, bytes, text.count, &tokens) {
        case CSIMDJSON_OK: break
        case CSIMDJSON_EMPTY: throw JSONFault(.empty, at: 0)
        case CSIMDJSON_INVALID_UTF8: throw JSONFault(.notUTF8, at: nil)
        case CSIMDJSON_CONTROL_CHARACTER: throw JSONFault(.controlCharacter, at: nil)
        case CSIMDJSON_UNCLOSED_STRING: throw JSONFault(.unclosedString, at: nil)
        // As for any allocation in Swift: the record is not to blame, and a dead letter would say that it is.
        case CSIMDJSON_OUT_OF_MEMORY: preconditionFailure("out of memory")
        default: throw JSONFault(.unexpected, at: nil)
        }
        guard let starts = tokens.starts, tokens.count > 0 else { throw JSONFault(.empty, at: 0) }
        return JSONTokens(
            bytes: bytes, byteCount: text.count, starts: starts, count: tokens.count,
            hasEscapes: tokens.has_escapes, hasBlanks: tokens.has_blanks)
    }

    /// What one giant text needed is given back.
    mutating func recycle() { csimdjson_indexer_recycle(indexer) }

    /// The name of the implementation that is in use.
    static var implementation: String { String(cString: csimdjson_implementation()) }
}
