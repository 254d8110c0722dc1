package import LookoutVision

/// How an update ended.
package enum UpdateOutcome: Sendable, Hashable {
    /// This update reached `UPDATE_COMPLETE`.
    case completed
    /// This update, and not another writer's after it, reached `UPDATE_FAILED_ROLLBACK_COMPLETE`.
    case rolledBack(statusMessage: String)

    /// What the statuses of a finished update mean; `nil` for every other status.
    init?(_ status: DatasetStatus, message: String) {
        switch status {
        case .updateComplete: self = .completed
        case .updateFailedRollbackComplete: self = .rolledBack(statusMessage: message)
        default: return nil
        }
    }
}

extension DatasetClient {
    /// How often a repeated token may contradict `DescribeDataset` before the latter is believed: a service that answers
    /// every accepted update with "in progress" does not report by token, and will never say otherwise.
    private static let mostDoubts = 2

    /// One try of one change: hands it over and polls until it is known how *this* update ended.
    ///
    /// `DescribeDataset` speaks of the dataset, and another writer's update may have followed. So its word is taken only
    /// if it names our token, or else after the same change was sent again under the same token: a service answers that
    /// with the status of the update that the token stands for.
    ///
    /// Failures while polling are ridden out for `Configuration.patience`; the first request is tried once. Polling ends
    /// after `Configuration.longestPolling`, so that an update that never ends keeps nobody's place. After any error the
    /// same call may be made again with the same body and token.
    ///
    /// - Parameters:
    ///   - project: of the dataset.
    ///   - type: of the dataset.
    ///   - body: the change.
    ///   - token: the same for every repetition of this change, and for nothing else.
    ///   - notAfter: seconds since 1970 from which on the change is not sent, nor sent again.
    /// - Throws: what the first request met, or what polling met for too long.
    /// - Returns: how the update ended.
    package func update(
        project: String, type: DatasetType, body: UpdateBody, token: String, notAfter: Int? = nil
    ) async throws(DatasetClientError) -> UpdateOutcome {
        var answered = try await updateDatasetEntries(
            project: project, type: type, body: body, token: token, notAfter: notAfter)
        var doubts = 0
        var polls = 0
        let end = time.monotonic() + configuration.longestPolling
        while true {
            switch UpdateOutcome(answered, message: "") {
            case .completed: return .completed
            case .rolledBack: return .rolledBack(statusMessage: try await failureMessage(project, type, token: token))
            case nil: break
            }
            let (seen, outcome) = try await finishedUpdate(project, type, polls: &polls, end: end)
            if seen.latestUpdateToken == token { return outcome }
            // A service that names another token reports by token: it is worth asking until it answers.
            if seen.latestUpdateToken == nil, doubts == Self.mostDoubts { return outcome }
            doubts += 1
            answered = try await persistently { () async throws(DatasetClientError) in
                try await updateDatasetEntries(
                    project: project, type: type, body: body, token: token, notAfter: notAfter)
            }
        }
    }

    /// Polls until the dataset's status is a terminal one, whatever it says.
    package func waitUntilTerminal(
        project: String, type: DatasetType
    ) async throws(DatasetClientError) -> DatasetState {
        var polls = 0
        while true {
            let state = try await persistently { () async throws(DatasetClientError) in
                try await describeDataset(project: project, type: type)
            }
            if state.status.isTerminal { return state }
            try await pause(attempt: polls)
            polls += 1
        }
    }

    /// Polls until the dataset's latest update has ended. `polls` counts through all of an update's polls, so that the
    /// waits grow.
    private func finishedUpdate(
        _ project: String, _ type: DatasetType, polls: inout Int, end: Duration
    ) async throws(DatasetClientError) -> (DatasetState, UpdateOutcome) {
        while true {
            guard time.monotonic() < end else {
                throw .transport("the update is still in progress after \(configuration.longestPolling)")
            }
            try await pause(pace.wait(after: polls, cap: configuration.backoff.cap, jitter: time.jitter))
            polls += 1
            let state = try await persistently { () async throws(DatasetClientError) in
                let state = try await describeDataset(project: project, type: type)
                // An answer from before our update was accepted, or the dataset was deleted and made again.
                if state.status.isTerminal, UpdateOutcome(state.status, message: "") == nil {
                    throw .malformedResponse("the status is \(state.status.rawValue) after an accepted update")
                }
                return state
            }
            if let outcome = UpdateOutcome(state.status, message: state.statusMessage) {
                pace.learn(polls: polls)
                return (state, outcome)
            }
        }
    }

    /// Why our update failed, if the dataset still says so. That it failed is known; a service that does not answer for
    /// `Configuration.patience` costs the reason only.
    private func failureMessage(
        _ project: String, _ type: DatasetType, token: String
    ) async throws(DatasetClientError) -> String {
        do {
            let state = try await persistently { () async throws(DatasetClientError) in
                try await describeDataset(project: project, type: type)
            }
            guard state.status == .updateFailedRollbackComplete, state.latestUpdateToken ?? token == token else {
                return ""
            }
            return state.statusMessage
        } catch .cancelled {
            throw .cancelled
        } catch {
            return ""
        }
    }
}

extension DatasetClient {
    /// Repeats a call that may be repeated while its failures may pass, until they have lasted too long.
    func persistently<Value>(
        _ call: () async throws(DatasetClientError) -> Value
    ) async throws(DatasetClientError) -> Value {
        var attempt = 0
        var failingSince: Duration?
        while true {
            do {
                return try await call()
            } catch {
                let now = time.monotonic()
                let since = failingSince ?? now
                failingSince = since
                guard error.isRetriable, now - since < configuration.patience else { throw error }
                try await pause(attempt: attempt, retryAfterSeconds: error.retryAfterSeconds)
                attempt += 1
            }
        }
    }

    private func pause(attempt: Int, retryAfterSeconds: Int? = nil) async throws(DatasetClientError) {
        try await pause(
            configuration.backoff.delay(attempt: attempt, retryAfterSeconds: retryAfterSeconds, jitter: time.jitter))
    }

    private func pause(_ delay: Duration) async throws(DatasetClientError) {
        // A timer that is due at once would still be one.
        guard delay > .zero else { return }
        do {
            try await time.sleep(delay)
        } catch {
            throw .cancelled
        }
    }
}
