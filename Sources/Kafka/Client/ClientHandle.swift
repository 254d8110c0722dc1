import CRDKafka
import Synchronization

/// What a client hears from librdkafka while its queue is polled, on the polling thread.
protocol ClientEvents: AnyObject {
    func rebalance(_ code: rd_kafka_resp_err_t, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?)
    func delivered(_ message: UnsafePointer<rd_kafka_message_t>)
    func failed(_ error: KafkaError)
}

extension ClientEvents {
    func rebalance(_ code: rd_kafka_resp_err_t, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) {}
    func delivered(_ message: UnsafePointer<rd_kafka_message_t>) {}
    func failed(_ error: KafkaError) {}
}

/// The one owner of an `rd_kafka_t`.
///
/// `@unchecked Sendable`: librdkafka's handle may be used from any thread; everything else here is immutable but
/// for the destroyed flag. Nobody may use `raw` once `destroy` was called.
final class ClientHandle: @unchecked Sendable {
    let raw: OpaquePointer
    private let callbacks: Unmanaged<ClientCallbacks>
    private let isDestroyed = Atomic(false)

    /// - Parameters:
    ///   - type: consumer or producer.
    ///   - properties: set in order.
    ///   - events: heard until `destroy`; held weakly.
    ///   - log: takes librdkafka's log lines, from its threads, until the handle is destroyed.
    /// - Throws: a property that librdkafka refuses, or what keeps it from starting.
    init(
        _ type: rd_kafka_type_t, _ properties: KafkaProperties, events: (any ClientEvents)?, log: @escaping KafkaLog
    ) throws(KafkaError) {
        try SecurityRules.check(properties)
        let box = ClientCallbacks(log: log, tokens: properties.tokens.map { TokenRefresher($0, log: log) })
        box.events = events
        let callbacks = Unmanaged.passRetained(box)
        do {
            let conf = try Self.configuration(type, properties, callbacks)
            raw = try Self.make(type, conf)
        } catch {
            callbacks.release()
            throw error
        }
        self.callbacks = callbacks
        // A token refresh must not depend on somebody polling: readers are polled only while they read.
        if properties.tokens != nil, let error = rd_kafka_sasl_background_callbacks_enable(raw) {
            throw KafkaError(consuming: error, "enable token refresh")
        }
    }

    deinit {
        destroy(within: .zero)
    }

    /// Destroys the handle on a thread of its own, since `rd_kafka_destroy` may block or, with an unlucky
    /// version, never return. Does not leave a group by itself: a consumer has closed before, or wants out at once.
    ///
    /// - Returns: whether it was gone within `duration`; otherwise it finishes in the background or with the process.
    @discardableResult
    func destroy(within duration: Duration) -> Bool {
        guard !isDestroyed.exchange(true, ordering: .acquiringAndReleasing) else { return true }
        callbacks.takeUnretainedValue().events = nil
        callbacks.takeUnretainedValue().tokens?.stop()
        let remains = Remains(raw: raw, callbacks: callbacks)
        let latch = Latch()
        do {
            try DedicatedThread.start("kafka-destroy") {
                rd_kafka_destroy_flags(remains.raw, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
                // The log callback may fire until here.
                remains.callbacks.release()
                latch.open()
            }
        } catch {
            return false
        }
        return latch.wait(for: duration)
    }

    /// Says it beside librdkafka's own lines: of what happens at the end nobody else is left to be told. Not after `destroy`.
    func log(_ error: KafkaError) {
        callbacks.takeUnretainedValue().log(4, "CLOSE", "\(error)")
    }

    /// Pointers on their way to the thread that frees them.
    private struct Remains: @unchecked Sendable {
        let raw: OpaquePointer
        let callbacks: Unmanaged<ClientCallbacks>
    }

    // MARK: - Making one

    private static func configuration(
        _ type: rd_kafka_type_t, _ properties: KafkaProperties, _ callbacks: Unmanaged<ClientCallbacks>
    ) throws(KafkaError) -> OpaquePointer {
        guard let conf = rd_kafka_conf_new() else {
            throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, "make configuration")
        }
        for (name, value) in properties.entries {
            do {
                try set(conf, name, value)
            } catch {
                rd_kafka_conf_destroy(conf)
                throw error
            }
        }
        rd_kafka_conf_set_opaque(conf, callbacks.toOpaque())
        ClientCallbacks.install(in: conf, type, servesTokens: properties.tokens != nil)
        if properties.tokens != nil { rd_kafka_conf_enable_sasl_queue(conf, 1) }
        return conf
    }

    private static func set(_ conf: OpaquePointer, _ name: String, _ value: String) throws(KafkaError) {
        let operation = "set property \(name)"
        // C strings end at a NUL: better refused than cut.
        guard !name.utf8.contains(0), !value.utf8.contains(0) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, operation, message: "contains a NUL character")
        }
        let text = ErrorText()
        guard rd_kafka_conf_set(conf, name, value, text.buffer, text.size) != RD_KAFKA_CONF_OK else { return }
        // librdkafka quotes the value it refuses.
        let message = KafkaProperties.isSecret(name) ? "the value was refused" : text.string
        throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, operation, message: message)
    }

    private static func make(_ type: rd_kafka_type_t, _ conf: OpaquePointer) throws(KafkaError) -> OpaquePointer {
        let text = ErrorText()
        guard let raw = rd_kafka_new(type, conf, text.buffer, text.size) else {
            rd_kafka_conf_destroy(conf)
            throw KafkaError(rd_kafka_last_error(), "make client", message: text.string)
        }
        return raw
    }
}

/// A buffer for the error texts that librdkafka writes.
final class ErrorText {
    let size = 512
    let buffer: UnsafeMutablePointer<CChar>

    init() {
        buffer = .allocate(capacity: size)
        buffer.initialize(repeating: 0, count: size)
    }

    deinit { buffer.deallocate() }

    var string: String { String(cString: buffer) }
}

/// The object behind a handle's opaque pointer; lives until the handle is destroyed.
///
/// `@unchecked Sendable`: `log` and `tokens` are immutable; `events` is set before the handle exists and cleared when nobody
/// polls any more, and is otherwise read on the polling thread only.
final class ClientCallbacks: @unchecked Sendable {
    let log: KafkaLog
    let tokens: TokenRefresher?
    weak var events: (any ClientEvents)?

    init(log: @escaping KafkaLog, tokens: TokenRefresher?) {
        self.log = log
        self.tokens = tokens
    }

    /// The events of the client that owns `rk`.
    static func events(of rk: OpaquePointer?) -> (any ClientEvents)? {
        guard let rk, let opaque = rd_kafka_opaque(rk) else { return nil }
        return Unmanaged<ClientCallbacks>.fromOpaque(opaque).takeUnretainedValue().events
    }

    static func install(in conf: OpaquePointer, _ type: rd_kafka_type_t, servesTokens: Bool) {
        if servesTokens {
            rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf) { rk, _, opaque in
                guard let rk, let opaque else { return }
                Unmanaged<ClientCallbacks>.fromOpaque(opaque).takeUnretainedValue().tokens?.refresh(rk)
            }
        }
        // Without this librdkafka writes to standard error.
        rd_kafka_conf_set_log_cb(conf) { rk, level, facility, text in
            guard let rk, let text, let opaque = rd_kafka_opaque(rk) else { return }
            let callbacks = Unmanaged<ClientCallbacks>.fromOpaque(opaque).takeUnretainedValue()
            callbacks.log(level, facility.map { String(cString: $0) } ?? "", String(cString: text))
        }
        rd_kafka_conf_set_error_cb(conf) { rk, code, reason, _ in
            guard let rk, let events = ClientCallbacks.events(of: rk) else { return }
            let message = reason.map { String(cString: $0) }
            events.failed(KafkaError.raised(by: rk, "client event", rd_kafka_resp_err_t(rawValue: code), message))
            // Ends the current poll, so that the owner sees the news before the next record.
            rd_kafka_yield(rk)
        }
        if type == RD_KAFKA_CONSUMER {
            rd_kafka_conf_set_rebalance_cb(conf) { rk, code, list, _ in
                ClientCallbacks.events(of: rk)?.rebalance(code, list)
                rd_kafka_yield(rk)
            }
        } else {
            rd_kafka_conf_set_dr_msg_cb(conf) { rk, message, _ in
                guard let message else { return }
                ClientCallbacks.events(of: rk)?.delivered(message)
            }
        }
    }
}

extension KafkaError {
    /// An error event; a fatal one hides its real code, which is asked for here.
    static func raised(
        by rk: OpaquePointer, _ operation: String, _ code: rd_kafka_resp_err_t, _ message: String?
    ) -> KafkaError {
        guard code == RD_KAFKA_RESP_ERR__FATAL else { return KafkaError(code, operation, message: message) }
        let text = ErrorText()
        let real = rd_kafka_fatal_error(rk, text.buffer, text.size)
        return KafkaError(real, operation, message: text.string, isFatal: true)
    }
}
