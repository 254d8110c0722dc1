internal import Kafka
internal import ServiceContextModule
internal import Settlement
internal import Synchronization

/// What other threads have to say to the engine. It reads its mail on the poll thread, so the engine needs no lock.
final class Mailbox: Sendable {
    enum Message: Sendable {
        /// With the client token that it is the answer to, if it is an update's.
        case answer(RequestID, Answer, token: String?)
        case deadLettersFinished(RequestID, failure: String?)
        /// Where logs end, for as many of the partitions asked about as could be asked in time.
        case logEnds([Int32: Result<Watermarks, KafkaError>])
        /// Leave the group once the batches in flight have settled, or the grace is over.
        case stop(grace: Duration)
    }

    private struct State {
        var messages: [Message] = []
        var wake: (@Sendable () -> Void)?
        var hasGivenUp = false
        var worthWaking = 1
    }

    private let state = Mutex(State())

    /// Tells how to wake the engine; mail that came before wakes it now.
    func connect(_ wake: @escaping @Sendable () -> Void) {
        let hasMail = state.withLock { state in
            state.wake = wake
            return !state.messages.isEmpty
        }
        if hasMail { wake() }
    }

    func post(_ message: Message) {
        let wake = state.withLock { state in
            state.messages.append(message)
            return state.messages.count >= state.worthWaking ? state.wake : nil
        }
        wake?()
    }

    /// For fewer messages than this, at least 1, the engine is not woken: it looks soon enough by itself.
    func wake(forAtLeast count: Int) {
        let wake = state.withLock { state in
            state.worthWaking = count
            return state.messages.count >= count ? state.wake : nil
        }
        wake?()
    }

    func take() -> [Message] {
        state.withLock { state in
            guard !state.messages.isEmpty else { return [] }
            defer { state.messages = [] }
            return state.messages
        }
    }

    /// Set by the engine when it closes the client because nothing it would write could be trusted.
    var hasGivenUp: Bool { state.withLock { $0.hasGivenUp } }

    func giveUp() { state.withLock { $0.hasGivenUp = true } }
}

/// What the engine wants done outside of its thread.
enum EngineRequest: Sendable {
    case call(Call, ServiceContext?)
    case deadLetter(DeadLetterRequest, kept: [Int64: StoredRecord])
    case logEnds([Int32])
}
