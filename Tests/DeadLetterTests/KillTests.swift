import Kafka
import Testing
import Worker

/// Real processes of the replay, killed.
@Suite(.timeLimit(.minutes(5)))
struct KillTests {
    @Test func killedReplaysSendEachOnce() async throws {
        try await Stage.with { stage in
            // Slow enough to be killed at work rather than before or after it.
            try stage.cluster.brokerRTT(.milliseconds(10))
            let replay = ["dead-letters", "replay"] + stage.arguments
            var total = 0
            // How much a run has sent when it is killed. One that was over by then is not a kill: it is tried again,
            // with new letters.
            var sent: [Int64] = [1, 100, 250, 1, 350]
            while let next = sent.first {
                try await stage.write(letters(total..<(total + 400)))
                total += 400
                let threshold = try await stage.count() + next
                let program = try Program(replay)
                while program.isRunning, try await stage.count() < threshold {}
                program.kill()
                let end = await program.end()
                if end.status == nil { sent.removeFirst() } else { try #require(end.status == 0, "\(end.log)") }
            }
            try stage.cluster.brokerRTT(.zero)
            let last = try await Program.run(replay)
            #expect(last.status == 0, "\(last.log)")
            let values = try await stage.records().compactMap(\.valueText)
            #expect(values.count == total)
            #expect(Set(values) == Set((0..<total).map { "letter \($0)" }))
            let idle = try await Program.run(replay)
            #expect(idle.lines == ["0 dead letters replayed.", "\(total) had been replayed before."])
            #expect(try await stage.list().allSatisfy(\.isReplayed))
        }
    }

    /// Every tenth was written twice; all over both partitions.
    private func letters(_ numbers: Range<Int>) -> [Stage.Letter] {
        numbers.flatMap { number in
            let letter = Stage.Letter(
                value: Array("letter \(number)".utf8), origin: (Int32(number % 3), Int64(number)),
                partition: Int32(number % 2))
            return Array(repeating: letter, count: number % 10 == 0 ? 2 : 1)
        }
    }

    /// From refusal to refusal, with the worker itself.
    @Test func whatIsRefusedAgainIsReplayedAgain() async throws {
        try await Stage.with { stage in
            try await stage.publish(
                partition: 1, key: Array("k".utf8), value: Array("no JSON".utf8), headers: [.init("mine", nil)])
            // No call is made for a record that cannot be decoded, so nobody has to answer one.
            let run = [
                "run", "--endpoint", "http://127.0.0.1:9", "--group", "pool", "--until-end", "--kafka",
                "session.timeout.ms=6000", "--kafka", "heartbeat.interval.ms=300",
            ]
            for round in 1...2 {
                let worker = try await Program.run(run + stage.arguments)
                #expect(worker.status == 0, "\(worker.log)")
                let letters = try await stage.list()
                #expect(letters.map(\.isReplayed) == Array(repeating: true, count: round - 1) + [false])
                #expect(letters.last?.facts.origin?.offset == Int64(round - 1))
                #expect(letters.last?.facts.reason == "not-json")
                let replay = try await Program.run(["dead-letters", "replay", "--yes"] + stage.arguments)
                #expect(replay.lines.first == "1 dead letter replayed.", "\(replay.log)")
            }
            let records = try await stage.records()
            #expect(records.map(\.valueText) == ["no JSON", "no JSON", "no JSON"])
            #expect(records.allSatisfy { $0.partition == 1 && $0.headers.first == .init("mine", nil) })
            #expect(records.map { $0.headers.count } == [1, 3, 3])
        }
    }
}
