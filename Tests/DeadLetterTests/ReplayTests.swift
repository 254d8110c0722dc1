import Kafka
import Testing
import Worker

@Suite(.timeLimit(.minutes(5)))
struct ReplayTests {
    @Test func recordsGoBackAsTheyCame() async throws {
        try await Stage.with { stage in
            let own = [
                RecordHeader("a", [1]), RecordHeader("null", nil), RecordHeader("a", []),
                RecordHeader("linefeed-project", Array("boards".utf8)),
            ]
            try await stage.write(.init(value: Array("v".utf8), own: own, dataset: "boards/train", origin: (2, 41)))
            try await stage.write(.init(key: nil, value: nil, origin: (1, 7), partition: 1))
            let report = try await stage.replay()
            #expect(report.sent == 2)
            let records = try await stage.records()
            try #require(records.count == 2)
            // Where its dataset's other events are, whatever its key says.
            let full = try #require(records.first { $0.partition == 2 })
            #expect(full.key == Array("boards/train".utf8) && full.valueText == "v")
            #expect(full.headers.dropLast(2) == own[...])
            #expect(full.text("linefeed-replayed-from") == "labelling.dead-letters/0/0")
            #expect(full.text("linefeed-replayed-origin") == "labelling/2/41")
            let null = try #require(records.first { $0.partition == 1 })
            #expect(null.key == nil && null.value == nil && null.headers.count == 2)
            #expect(try await stage.list().map(\.isReplayed) == [true, true])
        }
    }

    @Test func eachIsSentOnce() async throws {
        try await Stage.with { stage in
            try await stage.write(.init(value: [1], origin: (0, 1)))
            try await stage.write(.init(value: [1], origin: (0, 1)))
            #expect(try await stage.replay().sent == 1)
            let again = try await stage.replay()
            #expect(again.sent == 0 && again.replayedBefore == 1)
            // The worker that died writes its dead letter once more, after the replay.
            try await stage.write(.init(value: [1], origin: (0, 1), partition: 1))
            #expect(try await stage.replay().sent == 0)
            try await stage.write(.init(value: [2], origin: (0, 2)))
            #expect(try await stage.replay().sent == 1)
            #expect(try await stage.records().map(\.value) == [[1], [2]])
        }
    }

    @Test func filtersAndDestination() async throws {
        try await Stage.with { stage in
            try await stage.write(.init(value: [1], reason: "bad-value", origin: (0, 1)))
            try await stage.write(.init(value: [2], reason: "update-failed", origin: (0, 2)))
            try await stage.write(.init(value: [3], reason: nil, origin: nil))
            #expect(try await stage.replay { $0.reasons = ["update-failed"] }.sent == 1)
            #expect(try await stage.records().map(\.value) == [[2]])
            // What nobody of ours wrote has nowhere to go, unless it is told.
            let plain = try await stage.replay()
            #expect(plain.sent == 1 && plain.homeless == 1 && plain.replayedBefore == 1)
            #expect(try await stage.replay(to: "elsewhere").sent == 1)
            let elsewhere = try await stage.records("elsewhere")
            #expect(elsewhere.map(\.value) == [[3]])
            #expect(elsewhere.first?.text("linefeed-replayed-origin") == "labelling.dead-letters/0/2")
            #expect(try await stage.records().map(\.value) == [[2], [1]])
        }
    }

    @Test func aPartitionThatIsGoneIsNotNeeded() async throws {
        try await Stage.with(partitions: 1) { stage in
            try await stage.write(.init(value: [1], origin: (9, 1)))
            #expect(try await stage.replay().sent == 1)
            #expect(try await stage.records().map(\.value) == [[1]])
        }
    }

    /// Another replay takes over when this one has begun, or when it has sent.
    @Test(arguments: [[90], [0, 90]])
    func aReplayThatIsFencedEndsAndTheNextGoesOn(endings: [Int32]) async throws {
        try await Stage.with { stage in
            try await stage.write(.init(value: [1], origin: (0, 1)))
            let endTransaction = EmbeddedCluster.RequestKind(rawValue: 26)
            stage.cluster.pushRequestErrors(endTransaction, endings)
            await #expect {
                try await stage.replay()
            } throws: {
                ($0 as? KafkaError)?.isFenced == true
            }
            stage.cluster.clearRequestErrors(endTransaction)
            let next = try await stage.replay()
            #expect(next.sent + next.replayedBefore == 1)
            #expect(try await stage.records().map(\.value) == [[1]])
            #expect(try await stage.list().map(\.isReplayed) == [true])
        }
    }

    /// The second request is the one with the record, the first having noted the run.
    ///
    /// TOPIC_AUTHORIZATION_FAILED and INVALID_PRODUCER_EPOCH: the error says what it was.
    @Test(arguments: [(29, false), (47, true)] as [(Int32, Bool)])
    func whatCouldNotBeSentIsNotNoted(code: Int32, isFenced: Bool) async throws {
        try await Stage.with { stage in
            try await stage.write(.init(value: [1], origin: (0, 1)))
            stage.cluster.pushRequestErrors(.produce, [0, code])
            let error = await #expect(throws: KafkaError.self) { try await stage.replay() }
            #expect(error?.isFenced == isFenced && (isFenced || error?.code == code), "\(String(describing: error))")
            #expect(try await stage.count() == 0)
            #expect(try await stage.list().map(\.isReplayed) == [false])
            #expect(try await stage.replay().sent == 1)
            #expect(try await stage.records().map(\.value) == [[1]])
        }
    }

    @Test func whatAKilledRunSentIsFound() async throws {
        try await Stage.with { stage in
            try await stage.write(.init(value: [1], origin: (0, 1)))
            try await stage.write(.init(value: [2], origin: (0, 2), partition: 1))
            try await stage.publish(partition: 0, key: nil, value: [9])
            // A run began, sent the first one and died before it could note it.
            try await stage.publish(
                Stage.deadLetters, partition: 0, key: nil, value: nil,
                headers: [
                    RecordHeader("linefeed-mark", Array("replay-started".utf8)),
                    RecordHeader("linefeed-replay", Array("feed".utf8)),
                    RecordHeader("linefeed-destination", Array("labelling/0/1".utf8)),
                ])
            try await stage.publish(
                partition: 0, key: nil, value: [1],
                headers: [
                    RecordHeader("linefeed-replayed-from", Array("labelling.dead-letters/0/0".utf8)),
                    RecordHeader("linefeed-replayed-origin", Array("labelling/0/1".utf8)),
                ])
            #expect(try await stage.list().map(\.isReplayed) == [true, false])
            let before = try await stage.count(Stage.deadLetters)
            let report = try await stage.replay()
            #expect(report.sent == 1 && report.replayedBefore == 1)
            #expect(try await stage.records().map(\.value) == [[9], [1], [2]])
            // Two notes of records, the end of the old run, beginning and end of the new one.
            #expect(try await stage.count(Stage.deadLetters) == before + 5)
            #expect(try await stage.replay().sent == 0)
        }
    }

    /// The dead-letter topic did not take the values.
    @Test func aValueThatWasLeftOutComesFromWhereItStands() async throws {
        try await Stage.with { stage in
            let value = Array("a large value".utf8)
            let key = Array("boards/train".utf8)
            try await stage.publish(partition: 2, key: key, value: value)
            let omitted = [RecordHeader("linefeed-omitted-bytes", Array("\(value.count)".utf8))]
            try await stage.write(.init(key: key, value: nil, own: omitted, origin: (2, 0)))
            try await stage.write(.init(key: key, value: nil, own: omitted, origin: (2, 99)))
            try await stage.write(.init(key: [1], value: nil, own: omitted, origin: (2, 0), originTopic: "elsewhere"))
            let report = try await stage.replay()
            #expect(report.sent == 1 && report.incomplete == 2)
            let records = try await stage.records()
            #expect(records.map(\.value) == [value, value])
            #expect(records.last?.headers.map(\.name) == ["linefeed-replayed-from", "linefeed-replayed-origin"])
            #expect(try await stage.list().map(\.isReplayed) == [true, false, false])
        }
    }

    @Test func dryRunSendsNothing() async throws {
        try await Stage.with { stage in
            try await stage.write(.init(value: [1], origin: (0, 1)))
            try await stage.write(.init(value: [2], origin: (0, 2)))
            let before = try await stage.count(Stage.deadLetters)
            let end = try await Program.run(["dead-letters", "replay", "--dry-run"] + stage.arguments)
            #expect(end.status == 0, "\(end.log)")
            #expect(end.lines.last == "2 dead letters would be replayed to labelling; nothing was sent.")
            #expect(try await stage.count() == 0)
            #expect(try await stage.count(Stage.deadLetters) == before)
        }
    }
}
