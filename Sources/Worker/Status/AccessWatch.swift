internal import LookoutVision
internal import Settlement

/// Whether the API takes our credentials, by its answers.
struct AccessWatch {
    private var hasSucceeded = false
    /// Monotonic nanoseconds of the first refusal since the API last took a call.
    private var refusedSince: Int64?
    private var message = ""

    /// One dataset that is closed to us must not take the worker out of service while others are served.
    private static let patience: Int64 = 30_000_000_000

    mutating func note(_ answer: Answer, now: Int64) {
        switch answer {
        case .unauthorized(let text): refused(text, now)
        case .exception(let exception) where exception.kind == .accessDenied: refused(exception.message, now)
        case .unreachable: break
        default:
            hasSucceeded = true
            refusedSince = nil
        }
    }

    private mutating func refused(_ text: String, _ now: Int64) {
        refusedSince = refusedSince ?? now
        message = text
    }

    /// What the API says; nil where it takes us, or did within the last half minute.
    func refusal(now: Int64) -> String? {
        guard let refusedSince, !hasSucceeded || now - refusedSince >= Self.patience else { return nil }
        return message
    }
}
