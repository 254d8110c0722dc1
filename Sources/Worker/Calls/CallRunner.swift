internal import DatasetClient
internal import Labelling
internal import Logging
internal import LookoutVision
internal import ServiceContextModule
internal import Settlement
internal import Synchronization
internal import Tracing

/// Carries out the machine's calls and brings back what came of them.
final class CallRunner: Sendable {
    private let settings: Settings
    private let client: DatasetClient
    private let mailbox: Mailbox
    private let logger: Logger
    /// Who waits for the call that is in flight under a token. A partition that comes back to this process re-forms the
    /// same batch, and so the same token: it joins the call that is still on its way instead of sending it again.
    private let waiting = Mutex<[String: [RequestID]]>([:])

    init(settings: Settings, client: DatasetClient, mailbox: Mailbox, logger: Logger) {
        self.settings = settings
        self.client = client
        self.mailbox = mailbox
        self.logger = logger
    }

    /// Where calls cost least: see `DatasetClient.executor`.
    var executor: any TaskExecutor { client.executor }

    /// Where the call is to be carried out. One that takes milliseconds to be hashed, or to be compared with what a
    /// dataset holds, would keep the others' answers waiting there.
    func executor(for call: Call) -> any TaskExecutor {
        isShort(call) ? executor : globalConcurrentExecutor
    }

    /// Whether the payload, if it is one, is hashed and encoded within about 0.2 ms, and travels in one write.
    private func isShort(_ call: Call) -> Bool {
        call.kind != .readBack
            // Counting many lines' bytes would itself take long.
            && call.batch.lineCount(of: call.piece) <= Self.mostLinesBetweenAnswers
            && call.batch.payloadByteCount(of: call.piece) <= UpdateBody.payloadBytesOfAWrite
    }

    private static let mostLinesBetweenAnswers = 1000

    /// Carries out a call inside the trace it belongs to, if there is one.
    func run(_ call: Call, trace: ServiceContext?) async {
        guard let trace else { return await run(call) }
        await withSpan("linefeed.\(call.kind)", context: trace, ofKind: .producer) { _ in await run(call) }
    }

    private func run(_ call: Call) async {
        switch call.kind {
        case .update: await update(call)
        case .readBack: await answer(call) { () async throws(DatasetClientError) in try await readBack(call) }
        case .createDataset: await answer(call) { () async throws(DatasetClientError) in try await create(call) }
        }
    }

    private func update(_ call: Call) async {
        let body = UpdateBody(keeping: call.batch) { chunk in
            call.batch.forEachPayloadChunk(of: call.piece, chunk)
        }
        let token = ClientToken.make(
            group: settings.group, topic: settings.topic, batch: call.batch, piece: call.piece,
            generation: call.generation, attempt: call.attempt,
            contentSHA256: call.hasPayloadToken ? body.payloadDigest : body.digest)
        let isFirst = waiting.withLock { waiting in
            waiting[token, default: []].append(call.id)
            return waiting[token]?.count == 1
        }
        guard isFirst else { return }
        let answer = await answer(call, token: token) { () async throws(DatasetClientError) -> Answer in
            let outcome = try await client.update(
                project: call.batch.dataset.project, type: call.batch.dataset.type, body: body, token: token,
                notAfter: Int(call.notAfter))
            return switch outcome {
            case .completed: .completed
            case .rolledBack(let message): .rolledBack(message: message)
            }
        }
        let requests = waiting.withLock { $0.removeValue(forKey: token) ?? [] }
        guard let answer else { return }
        for request in requests { mailbox.post(.answer(request, answer, token: token)) }
    }

    /// The token is too old to be sent again: is everything there as it was sent?
    private func readBack(_ call: Call) async throws(DatasetClientError) -> Answer {
        // Bytes, not strings: two spellings of one character make equal strings, but name different images.
        var missing: Set<[UInt8]> = []
        call.batch.forEachLine(of: call.piece) { missing.insert(Array($0)) }
        let dataset = call.batch.dataset
        // While an update is on its way, possibly this one, what is there tells nothing.
        let state = try await client.describeDataset(project: dataset.project, type: dataset.type)
        guard state.status.isTerminal else {
            return .exception(APIException(.conflict, "the dataset is \(state.status.rawValue)"))
        }
        for try await page in client.listDatasetEntries(project: dataset.project, type: dataset.type) {
            for entry in page { missing.remove(Array(entry.utf8)) }
            if missing.isEmpty { return .completed }
        }
        return missing.isEmpty ? .completed : .notAsSent
    }

    private func create(_ call: Call) async throws(DatasetClientError) -> Answer {
        let dataset = call.batch.dataset
        try await unlessThere { () async throws(DatasetClientError) in
            _ = try await client.createProject(dataset.project)
        }
        try await unlessThere { () async throws(DatasetClientError) in
            _ = try await client.createDataset(project: dataset.project, type: dataset.type)
        }
        return .created
    }

    /// Another worker, or an earlier try, may have been first.
    private func unlessThere(
        _ create: () async throws(DatasetClientError) -> Void
    ) async throws(DatasetClientError) {
        do {
            try await create()
        } catch .exception(let exception) where exception.kind == .conflict {
            return
        }
    }

    private func answer(_ call: Call, _ body: () async throws(DatasetClientError) -> Answer) async {
        if let answer = await answer(call, token: nil, body) { mailbox.post(.answer(call.id, answer, token: nil)) }
    }

    /// nil: the membership is over, and nobody waits for an answer.
    private func answer(
        _ call: Call, token: String?, _ body: () async throws(DatasetClientError) -> Answer
    ) async -> Answer? {
        let start = ContinuousClock.now
        let answer = await Self.answer(body)
        logger.debug(
            "Call ended",
            metadata: [
                "call": "\(call.kind)", "dataset": "\(call.batch.dataset)", "partition": "\(call.batch.partition)",
                "cut": "\(call.batch.cut)", "lines": "\(call.batch.lineCount(of: call.piece))",
                "token": "\(token ?? "-")", "generation": "\(call.generation)", "attempt": "\(call.attempt)",
                "answer": "\(answer.map { "\($0)" } ?? "cancelled")",
                "milliseconds": "\((ContinuousClock.now - start).nanoseconds / 1_000_000)",
            ])
        return answer
    }

    private static func answer(_ body: () async throws(DatasetClientError) -> Answer) async -> Answer? {
        do {
            return try await body()
        } catch {
            switch error {
            case .cancelled: return nil
            case .exception(let exception): return .exception(exception)
            case _ where error.isAboutAccess: return .unauthorized(message: error.description)
            default: return .unreachable(message: error.description)
            }
        }
    }
}
