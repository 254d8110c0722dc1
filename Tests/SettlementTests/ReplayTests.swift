import Labelling
import LookoutVision
import Settlement
import Testing

/// What a new owner makes of a ledger and a log.
@Suite struct ReplayTests {
    /// An API that remembers tokens, as the real one does.
    private final class Model {
        var tokens: [String: Answer] = [:]
        var datasets: [DatasetKey: [String: String]] = [:]
        var applied: [DatasetKey: [String]] = [:]

        func update(_ call: Call, _ token: String, isBad: (String) -> Bool = { _ in false }) -> Answer {
            if let answer = tokens[token] { return answer }
            let lines = call.batch.textLines(of: call.piece)
            if lines.contains(where: isBad) {
                tokens[token] = .rolledBack(message: "bad")
                return .rolledBack(message: "bad")
            }
            for line in lines {
                datasets[call.batch.dataset, default: [:]][String(line.prefix(while: { $0 != "," }))] = line
                applied[call.batch.dataset, default: []].append(line)
            }
            tokens[token] = .completed
            return .completed
        }
    }

    private static let events: [SampleEvent] = (0..<14).map { number in
        SampleEvent(number % 3 == 0 ? "p" : "q", "r\(number % 5)", "\(number)")
    }

    /// Two datasets, two batches each at least, one bad line. The process dies after `steps` steps; an answer that was
    /// under way is lost, though the update was applied.
    private func crash(after steps: Int, losingTheAnswer: Bool, commitArrives: Bool) throws -> Bool {
        let bench = Bench(Bench.settings { $0.batchLines = 4 })
        let model = Model()
        let bad = Self.events[7].line
        bench.assign(0)
        var step = 0
        var published = 0
        func hasCrashed() -> Bool { step >= steps }
        while !hasCrashed() {
            if bench.commit != nil {
                bench.acknowledge()
            } else if !bench.letters.isEmpty {
                bench.answerLetters()
            } else if let call = bench.calls.first {
                let answer = model.update(call, bench.token(call)) { $0 == bad }
                step += 1
                if hasCrashed(), losingTheAnswer { break }
                bench.answer(call, answer)
            } else if published < Self.events.count {
                bench.publish([Self.events[published]])
                published += 1
            } else if let deadline = bench.deadline {
                bench.pass(max(1, (deadline - bench.now.monotonic) / 1_000_000))
            } else {
                break
            }
            step += 1
        }
        let isOver = published == Self.events.count && bench.deadline == nil && bench.calls.isEmpty
        if commitArrives, let commit = bench.commit {
            for part in commit { bench.committed[part.partition] = (part.offset, part.metadata) }
        }
        bench.restart()
        bench.assign(0)
        bench.reread()
        while published < Self.events.count {
            bench.publish([Self.events[published]])
            published += 1
        }
        bench.settleEverything { call in model.update(call, bench.token(call)) { $0 == bad } }
        var fold: [DatasetKey: [String: String]] = [:]
        for event in Self.events where event.line != bad {
            fold[event.dataset, default: [:]][String(event.line.prefix(while: { $0 != "," }))] = event.line
        }
        #expect(model.datasets == fold, "step \(steps)")
        for (dataset, lines) in model.applied {
            #expect(Set(lines).count == lines.count, "step \(steps): an event of \(dataset) was applied twice")
        }
        #expect(bench.committed[0]?.offset == Int64(Self.events.count))
        #expect(Set(bench.everyLetter.map(\.offset)) == [7])
        return isOver
    }

    @Test(arguments: [(true, true), (true, false), (false, true), (false, false)])
    func crashAtEveryStep(losingTheAnswer: Bool, commitArrives: Bool) throws {
        var steps = 0
        while try !crash(after: steps, losingTheAnswer: losingTheAnswer, commitArrives: commitArrives) {
            steps += 1
            try #require(steps < 500)
        }
        #expect(steps > 30)
    }

    /// p is in flight up to 3, q has settled above it.
    private func oneStuck() -> Bench {
        let bench = Bench()
        bench.assign(0)
        bench.acknowledge()
        for _ in 0..<2 { bench.publish([SampleEvent("p", "a"), SampleEvent("q", "a")]) }
        bench.pass(100)
        bench.acknowledge()
        bench.answer(bench.calls.first { $0.batch.dataset.project == "q" })
        bench.run(300)
        bench.acknowledge()
        return bench
    }

    @Test func reformsTheBatchUpToItsCutNoMoreNoFewer() throws {
        let bench = oneStuck()
        let token = bench.token(try #require(bench.calls.first))
        bench.publish([SampleEvent("p", "b"), SampleEvent("q", "b")])
        bench.restart()
        bench.assign(0)
        bench.reread(upTo: 2)
        bench.run(1000)
        if bench.commit != nil { bench.acknowledge() }
        #expect(bench.calls.isEmpty, "the log was not read up to the cut yet")
        // Dying half-way through the replay loses nothing either.
        #expect(try bench.ledger().entries.contains { $0.dataset?.project == "p" && $0.inFlight?.cut == 2 })
        bench.restart()
        bench.assign(0)
        bench.reread()
        #expect(bench.calls.map(bench.token) == [token])
        bench.settleEverything()
        #expect(bench.machine.counters.eventsReplayed == 2)
        #expect(bench.everyCall.filter { $0.batch.dataset.project == "q" }.count == 2)
        #expect(bench.committed[0]?.offset == 6)
    }

    /// A ledger with a high floor names the stuck dataset; whoever reads only part of the log again must name it too.
    @Test func stuckDatasetIsNamedUntilTheInheritedFloorWasReadAgain() throws {
        let bench = Bench(Bench.settings { $0.batchLines = 1 })
        bench.assign(0)
        bench.acknowledge()
        // p: 0 in flight, 1 and 2 behind it; q settles everything above.
        bench.publish([SampleEvent("p", "a"), SampleEvent("p", "b"), SampleEvent("p", "c")])
        bench.acknowledge()
        for number in 0..<6 {
            bench.publish([SampleEvent("q", "\(number)")])
            if bench.commit != nil { bench.acknowledge() }
            while let call = bench.calls.first(where: { $0.batch.dataset.project == "q" }) {
                bench.answer(call)
                if bench.commit != nil { bench.acknowledge() }
            }
        }
        bench.acknowledgeEverything()
        #expect(try bench.ledger().floor > 2)
        // The stuck one settles its batch in the next process, which dies before it has read on.
        bench.restart()
        bench.assign(0)
        bench.reread(upTo: 1)
        bench.answer()
        bench.acknowledgeEverything()
        #expect(bench.committed[0]?.offset == 1)
        #expect(try bench.ledger().entries.contains { $0.dataset?.project == "p" })
        bench.restart()
        bench.assign(0)
        bench.reread()
        bench.settleEverything()
        let sent = bench.everyCall.filter { $0.batch.dataset.project == "p" }.map { $0.batch.payload(of: $0.piece) }
        #expect(Set(sent) == Set(["a", "b", "c"].map { SampleEvent("p", $0).line }))
        #expect(bench.everyCall.filter { $0.batch.dataset.project == "q" }.count == 6, "and q is not called again")
    }

    /// Version 2 sent the batch under a token that is made otherwise: it is sent again under that, whoever has it next.
    @Test func batchOfVersion2KeepsItsToken() throws {
        let bench = oneStuck()
        let ledger = try bench.ledger()
        bench.restart()
        let coder = LedgerCoder(
            group: bench.machine.settings.group, topic: bench.machine.settings.topic, partition: 0)
        bench.committed[0] = (ledger.offset, coder.ofVersion2(ledger))
        bench.assign(0)
        bench.reread()
        #expect(bench.calls.map(\.hasPayloadToken) == [true])
        bench.acknowledgeEverything()
        bench.restart()
        bench.assign(0)
        bench.reread()
        #expect(bench.calls.map(\.hasPayloadToken) == [true])
        bench.publish([SampleEvent("p", "b")])
        bench.settleEverything()
        let kinds = bench.everyCall.map(\.hasPayloadToken)
        #expect(kinds == [false, false, true, true, false], "what is cut now has today's")
        #expect(bench.committed[0]?.offset == 5)
    }

    @Test func batchWhoseLastRecordIsGoneIsStillComplete() throws {
        let bench = oneStuck()
        bench.compact(2)
        bench.restart()
        bench.assign(0)
        bench.reread()
        // The log has lost an event of the batch: the token cannot be the one that may have been sent.
        #expect(bench.calls.first?.kind == .readBack)
        #expect(bench.calls.first?.batch.cut == 2)
        bench.answer(nil, .notAsSent)
        #expect(bench.calls.isEmpty)
        bench.acknowledgeEverything()
        #expect(bench.calls.first?.kind == .update)
        #expect(bench.calls.first?.generation == 1)
        bench.settleEverything()
        #expect(bench.committed[0]?.offset == 4)
    }

    @Test func batchWhoseRecordsAreAllGoneIsSettled() throws {
        let bench = oneStuck()
        bench.compact(0)
        bench.compact(2)
        bench.restart()
        bench.assign(0)
        bench.reread()
        bench.settleEverything()
        #expect(bench.calls.isEmpty)
        #expect(bench.committed[0]?.offset == 4)
    }

    @Test(arguments: ["", "hello", "TEY=", "TEYCAAAAAAAA"])
    func foreignMetadataIsIgnoredAloud(metadata: String) throws {
        let bench = oneStuck()
        bench.committed[0]?.metadata = metadata
        bench.restart()
        bench.assign(0)
        let ignored = bench.notices.contains { if case .ledgerIgnored = $0 { true } else { false } }
        #expect(ignored == !metadata.isEmpty)
        #expect(bench.machine.counters.ledgersIgnored == (metadata.isEmpty ? 0 : 1))
        bench.reread()
        bench.settleEverything()
        #expect(bench.committed[0]?.offset == 4, "at least once")
    }

    /// Without its ledger a partition is cut anew. A batch that happens to be cut as before must not be taken by the API
    /// for the one it knows, since others, cut otherwise, are applied over it.
    @Test(arguments: [nil, 0 as Int64?]) func historyThatBeginsAgainHasTokensOfItsOwn(offset: Int64?) throws {
        let bench = Bench(Bench.settings { $0.batchLines = 2 })
        let model = Model()
        bench.assign(0)
        let events = ["old", "x", "new", "y"].enumerated().map { number, mark in
            SampleEvent("p", number % 2 == 0 ? "a" : "b", mark)
        }
        bench.publish(events)
        bench.settleEverything { model.update($0, bench.token($0)) }
        let tokens = Set(bench.everyCall.map(bench.token))
        let settled = model.datasets
        // Reset by hand; the first batch is cut differently this time.
        bench.committed[0] = offset.map { ($0, "") }
        bench.now.wall += 60_000
        bench.restart()
        bench.assign(0)
        bench.reread(upTo: 1)
        bench.run(1000)
        bench.settleEverything { model.update($0, bench.token($0)) }
        for entry in 1..<4 { bench.redeliver(0, from: Int64(entry), count: 1) }
        bench.settleEverything { model.update($0, bench.token($0)) }
        #expect(model.datasets == settled)
        #expect(bench.everyCall.suffix(2).allSatisfy { !tokens.contains(bench.token($0)) })
    }

    @Test func ledgerOfAnotherOffsetIsIgnored() {
        let bench = oneStuck()
        bench.committed[0]?.offset = 1
        bench.restart()
        bench.assign(0)
        #expect(bench.machine.counters.ledgersIgnored == 1)
    }

    @Test func recordsOfNoDatasetAreNotDeadLetteredAgain() throws {
        let bench = Bench()
        bench.assign(0)
        bench.acknowledge()
        bench.publish(.event(SampleEvent("p", "a")), .rejection, .tombstone, .rejection)
        #expect(bench.everyLetter.isEmpty, "a member that was replaced gets no commit acknowledged")
        bench.acknowledgeEverything()
        #expect(bench.everyLetter.map(\.offset) == [1, 3])
        bench.answerLetters()
        bench.acknowledgeEverything()
        #expect(bench.committed[0]?.offset == 0)
        bench.restart()
        bench.assign(0)
        bench.reread()
        bench.settleEverything()
        #expect(bench.everyLetter.count == 2)
        #expect(bench.committed[0]?.offset == 4)
        #expect(bench.machine.counters.deadLetters == 0)
    }

    @Test func refusalsThatCannotBeWrittenAreTriedAgain() {
        let bench = Bench()
        bench.assign(0)
        bench.acknowledge()
        bench.publish(.rejection, .tombstone)
        bench.acknowledge()
        for _ in 0..<3 {
            bench.answerLetters("no broker")
            #expect(bench.letters.isEmpty)
            bench.run(21_000)
            #expect(bench.letters.count == 1)
        }
        bench.settleEverything()
        #expect(bench.committed[0]?.offset == 2)
        #expect(bench.machine.counters.deadLetters == 1)
        #expect(bench.machine.counters.tombstones == 1)
    }
}
