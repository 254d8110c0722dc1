package import LookoutVision

/// What came of a call, as far as the protocol cares.
package enum Answer: Sendable, Equatable {
    /// This update reached `UPDATE_COMPLETE`; or, for a read-back, everything is there as it was sent.
    case completed
    /// This update reached `UPDATE_FAILED_ROLLBACK_COMPLETE`.
    case rolledBack(message: String)
    /// A read-back found at least one line missing or different.
    case notAsSent
    /// The dataset and its project now exist.
    case created
    /// The API answered with an exception of its model.
    case exception(APIException)
    /// No answer: time-out, broken connection, a 5xx or an answer that nobody can read. The update may or may not have
    /// been accepted.
    case unreachable(message: String)
    /// No credentials, or the endpoint does not take them.
    case unauthorized(message: String)
}

/// Why a lane waits; bounded, fit for a metric's label.
package enum WaitReason: String, Sendable, CaseIterable {
    case datasetBusy = "dataset-busy"
    case datasetMissing = "dataset-missing"
    case accessDenied = "access-denied"
    case throttled
    case unreachable
    case quotaExceeded = "quota-exceeded"
    case outage
    case deadLettersUnwritten = "dead-letters-unwritten"
    /// Something is invalid, and the operator wants to see it first (`InvalidEventPolicy.halt`).
    case halted
}

/// Why an event was dead-lettered for good by the API's word; bounded, fit for a header and a metric's label.
package enum DeadLetterReason: String, Sendable, CaseIterable {
    case rolledBack = "update-failed"
    case validation = "validation-exception"
    case datasetMissing = "dataset-missing"
}
