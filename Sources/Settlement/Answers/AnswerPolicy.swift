internal import LookoutVision

/// What each answer of the API means: the one table of it.
enum Reaction: Sendable, Equatable {
    /// The piece is applied.
    case settle
    /// The piece was refused; see `Chain.refused`.
    case refuse(reason: DeadLetterReason, message: String, mayBeChance: Bool)
    /// The same token again, after a back-off, without limit.
    case again(WaitReason, Backoff, message: String, atLeast: Duration?)
    /// The token is too old and its lines are not there: a new one, under a new intent.
    case nextGeneration
    /// Create project and dataset, then the same token again.
    case create
    /// Every line of the batch goes to the dead letters.
    case deadLetterAll(reason: DeadLetterReason, message: String)
    /// Goes on where it was.
    case proceed
}

enum AnswerPolicy {
    static func reaction(
        to answer: Answer, of kind: Call.Kind, onMissingDataset: MissingDatasetPolicy
    ) -> Reaction {
        switch (kind, reaction(to: answer, onMissingDataset: onMissingDataset)) {
        case (.update, let reaction): reaction
        // That it exists already is as good as having made it.
        case (.createDataset, .settle), (.createDataset, .again(.datasetBusy, _, _, _)): .proceed
        // A refusal here speaks of the dataset, never of the lines.
        case (.createDataset, .refuse(_, let message, _)), (.createDataset, .deadLetterAll(_, let message)):
            .again(.datasetMissing, .operatorNeeded, message: message, atLeast: nil)
        case (.readBack, .refuse(_, let message, _)):
            .again(.unreachable, .operatorNeeded, message: message, atLeast: nil)
        case (_, let reaction): reaction
        }
    }

    private static func reaction(to answer: Answer, onMissingDataset: MissingDatasetPolicy) -> Reaction {
        switch answer {
        case .completed: .settle
        case .rolledBack(let message): .refuse(reason: .rolledBack, message: message, mayBeChance: true)
        case .notAsSent: .nextGeneration
        case .created: .proceed
        case .unreachable(let message): .again(.unreachable, .transient, message: message, atLeast: nil)
        case .unauthorized(let message): .again(.accessDenied, .operatorNeeded, message: message, atLeast: nil)
        case .exception(let exception): reaction(to: exception, onMissingDataset: onMissingDataset)
        }
    }

    private static func reaction(to exception: APIException, onMissingDataset: MissingDatasetPolicy) -> Reaction {
        let message = exception.message
        // The server's word on when to come back counts, but never for more than a minute.
        let atLeast = exception.retryAfterSeconds.map { Duration.seconds(min(max(0, $0), 60)) }
        switch exception.kind {
        case .validation: return .refuse(reason: .validation, message: message, mayBeChance: false)
        case .conflict: return .again(.datasetBusy, .contention, message: message, atLeast: nil)
        case .accessDenied: return .again(.accessDenied, .operatorNeeded, message: message, atLeast: nil)
        case .throttling: return .again(.throttled, .transient, message: message, atLeast: atLeast)
        case .internalServer: return .again(.unreachable, .transient, message: message, atLeast: atLeast)
        case .serviceQuotaExceeded: return .again(.quotaExceeded, .operatorNeeded, message: message, atLeast: nil)
        case .resourceNotFound:
            switch onMissingDataset {
            case .wait: return .again(.datasetMissing, .operatorNeeded, message: message, atLeast: nil)
            case .create: return .create
            case .deadLetter: return .deadLetterAll(reason: .datasetMissing, message: message)
            }
        }
    }
}

/// Exponential back-off with full jitter: anything between nothing and the ceiling, which doubles up to a cap.
struct Backoff: Sendable, Equatable {
    var base: Duration
    var cap: Duration

    /// Something that passes: a time-out, a throttle, a restart.
    static let transient = Backoff(base: .milliseconds(100), cap: .seconds(20))
    /// Somebody else's update is in progress; it takes as long as an update takes.
    static let contention = Backoff(base: .milliseconds(100), cap: .seconds(5))
    /// Nothing changes until a person does something.
    static let operatorNeeded = Backoff(base: .milliseconds(500), cap: .seconds(15))
    /// Every line is refused: the lane tries again, rarely.
    static let outage = Backoff(base: .seconds(1), cap: .seconds(60))

    /// How long to wait after `failures` answers of this kind in a row, the last one included.
    func delay(failures: Int, random: inout SplitMix64) -> Duration {
        let ceiling = min(cap, base * (1 << min(max(0, failures - 1), 20)))
        return .nanoseconds(Int64.random(in: 0...max(1, ceiling.nanoseconds), using: &random))
    }
}
