import Labelling
import LookoutVision
import Settlement
import Testing

/// Steps the machine by hand: a clock that is turned, a log that is kept, and everything that the machine asked for,
/// sorted into what the tests look at.
final class Bench {
    let settings: Settings
    var machine: Settlement
    var now = Moment(monotonic: 1_000_000_000, wall: 1_795_000_000_000)
    /// When the machine wants to be called again.
    private(set) var deadline: Int64?

    private(set) var commit: [PartitionCommit]?
    private(set) var calls: [Call] = []
    private(set) var letters: [DeadLetterRequest] = []
    private(set) var unassigned: [[Int32]] = []
    private(set) var rewinds: [(partition: Int32, offset: Int64)] = []
    /// How many of the rewinds were done.
    private var rewindsDone = 0
    /// How far the log was handed over.
    private var readEnds: [Int32: Int] = [:]
    private(set) var paused: Set<Int32> = []
    private(set) var notices: [Notice] = []
    private(set) var hasLeft = false
    private(set) var reasonToGiveUp: String?
    private(set) var everyCall: [Call] = []
    private(set) var everyLetter: [DeadLetter] = []

    /// What the coordinator holds.
    var committed: [Int32: (offset: Int64, metadata: String)] = [:]
    enum Entry {
        case event(SampleEvent)
        case rejection
        case tombstone
        case nothing

        var dataset: DatasetKey? { if case .event(let event) = self { event.dataset } else { nil } }
    }
    private(set) var log: [Int32: [Entry]] = [:]

    static func settings(_ change: (inout Settings) -> Void = { _ in }) -> Settings {
        var settings = Settings(group: "g", topic: "t")
        settings.linger = .milliseconds(100)
        change(&settings)
        return settings
    }

    init(_ settings: Settings = Bench.settings()) {
        self.settings = settings
        machine = Settlement(settings: settings, seed: 1)
    }

    /// A new process with the same coordinator and log.
    func restart() {
        machine = Settlement(settings: settings, seed: 2)
        commit = nil
        calls = []
        letters = []
        paused = []
        rewinds = []
        rewindsDone = 0
        readEnds = [:]
    }

    func takeRewinds() -> ArraySlice<(partition: Int32, offset: Int64)> {
        defer { rewindsDone = rewinds.count }
        return rewinds[rewindsDone...]
    }

    func readEnd(_ partition: Int32) -> Int { readEnds[partition] ?? 0 }

    func turn() {
        deadline = machine.turn(now: now)
        takeActions()
    }

    private func takeActions() {
        for action in machine.takeActions() {
            switch action {
            case .commit(let parts, _):
                #expect(commit == nil, "one commit is outstanding at a time")
                commit = parts
            case .call(let call):
                calls.append(call)
                everyCall.append(call)
            case .deadLetter(let request):
                letters.append(request)
                everyLetter += request.letters
            case .rewind(let partition, let offset): rewinds.append((partition, offset))
            case .pause(let numbers): paused.formUnion(numbers)
            case .resume(let numbers): paused.subtract(numbers)
            case .unassign(let numbers): unassigned.append(numbers)
            case .leave: hasLeft = true
            case .giveUp(let reason): reasonToGiveUp = reason
            case .notice(let notice): notices.append(notice)
            }
        }
    }

    /// - Parameter milliseconds: how far both clocks move on before the machine has its turn.
    func pass(_ milliseconds: Int64) {
        now.monotonic += milliseconds * 1_000_000
        now.wall += milliseconds
        turn()
    }

    /// Lets the machine have every turn it asks for within the time.
    func run(_ milliseconds: Int64) {
        let end = now.monotonic + milliseconds * 1_000_000
        var turns = 0
        while let next = deadline, next <= end, turns < 10_000 {
            turns += 1
            pass(max(0, (next - now.monotonic + 999_999) / 1_000_000))
        }
        #expect(turns < 10_000, "the machine asks for turns without end")
        if now.monotonic < end { pass((end - now.monotonic) / 1_000_000) }
    }

    func assign(_ numbers: Int32...) {
        for number in numbers {
            machine.assign(
                number, committed: committed[number]?.offset, metadata: committed[number]?.metadata ?? "", start: 0,
                now: now)
        }
        turn()
    }

    /// Appends to the log, and hands it to the machine.
    func publish(_ entries: Entry..., partition: Int32 = 0) {
        publishSilently(entries, partition: partition)
        turn()
    }

    func publishSilently(_ entries: [Entry], partition: Int32) {
        for entry in entries {
            log[partition, default: []].append(entry)
            deliver(partition, (log[partition]?.count ?? 1) - 1)
        }
    }

    func publish(_ events: [SampleEvent], partition: Int32 = 0) {
        for event in events { publish(.event(event), partition: partition) }
    }

    private func deliver(_ partition: Int32, _ offset: Int) {
        guard let entry = log[partition]?[offset] else { return }
        readEnds[partition] = max(readEnds[partition] ?? 0, offset + 1)
        let offset = Int64(offset)
        switch entry {
        case .event(let event):
            event.withEvent { machine.append($0, partition: partition, offset: offset, now: now) }
        case .rejection:
            _ = machine.append(
                Rejection(.badValue, "value", "bad"), bytes: 10, partition: partition, offset: offset, now: now)
        case .tombstone: machine.appendTombstone(partition: partition, offset: offset, now: now)
        case .nothing: machine.advance(partition: partition, to: offset + 1)
        }
    }

    func entries(_ partition: Int32) -> [Entry] { log[partition] ?? [] }

    /// The log loses a record, as compaction would have it.
    func compact(_ offset: Int, partition: Int32 = 0) { log[partition]?[offset] = .nothing }

    /// Reads the log from the committed offset to its end.
    func reread(_ partition: Int32 = 0, upTo end: Int? = nil) {
        let start = Int(committed[partition]?.offset ?? 0)
        let end = end ?? log[partition]?.count ?? 0
        for offset in start..<max(start, end) { deliver(partition, offset) }
        turn()
    }

    func logEnd(_ partition: Int32) -> Int { log[partition]?.count ?? 0 }

    /// The log is handed over once more from an offset on.
    func redeliver(_ partition: Int32, from offset: Int64, count: Int = .max) {
        for offset in (max(0, Int(offset))..<logEnd(partition)).prefix(count) { deliver(partition, offset) }
        turn()
    }

    // MARK: - Answers

    func acknowledge() {
        guard let commit else {
            Issue.record("there is no commit to acknowledge")
            return
        }
        for part in commit { committed[part.partition] = (part.offset, part.metadata) }
        answerCommit(.resolved(refused: [:]))
    }

    func answerCommit(_ answer: CommitAnswer) {
        commit = nil
        machine.commitFinished(answer, now: now)
        turn()
    }

    func answer(_ call: Call? = nil, _ answer: Answer = .completed) {
        guard let call = call ?? calls.first else {
            Issue.record("there is no call to answer")
            return
        }
        calls.removeAll { $0.id == call.id }
        machine.callFinished(call.id, answer, now: now)
        turn()
    }

    func answerLetters(_ failure: String? = nil) {
        guard !letters.isEmpty else {
            Issue.record("there are no dead letters to acknowledge")
            return
        }
        machine.deadLettersFinished(letters.removeFirst().id, failure: failure, now: now)
        turn()
    }

    /// Answers everything as a healthy world would, until nothing is asked for any more.
    func settleEverything(steps: Int = 1000, _ decide: (Call) -> Answer = { _ in .completed }) {
        for _ in 0..<steps {
            if commit != nil {
                acknowledge()
            } else if !letters.isEmpty {
                answerLetters()
            } else if let call = calls.first {
                answer(call, decide(call))
            } else if let deadline {
                pass(max(0, (deadline - now.monotonic + 999_999) / 1_000_000))
            } else {
                return
            }
        }
        Issue.record("the machine does not come to rest")
    }

    /// Acknowledges commits until nothing is left to be written; calls stay unanswered.
    func acknowledgeEverything() {
        for _ in 0..<20 {
            if commit != nil { acknowledge() }
            run(300)
            if commit == nil { return }
        }
        Issue.record("there is always something to commit")
    }

    // MARK: - What is seen

    func ledger(_ partition: Int32 = 0) throws -> Ledger {
        let (offset, metadata) = try #require(committed[partition])
        return try LedgerCoder(group: settings.group, topic: settings.topic, partition: partition)
            .decode(metadata, committedAt: offset)
    }

    func token(_ call: Call) -> String {
        var payload: [UInt8] = []
        call.batch.forEachPayloadChunk(of: call.piece) { payload += $0 }
        return ClientToken.make(
            group: settings.group, topic: settings.topic, batch: call.batch, piece: call.piece,
            generation: call.generation, attempt: call.attempt, contentSHA256: payload)
    }
}
