import Kafka
import Testing
import Worker

/// Real processes of the replay, killed.
@Suite(.timeLimit(.minutes(5)))
struct KillTests {
    @Test func killedReplaysSendEachOnce() async throws {
        try await Stage.with { stage in
            let total = 2000
            // Every tenth was written twice, all over both partitions.
            var letters: [Stage.Letter] = []
            for number in 0..<total {
                let letter = Stage.Letter(
                    value: Array("letter \(number)".utf8), origin: (Int32(number % 3), Int64(number)),
                    partition: Int32(number % 2))
                letters.append(letter)
                if number % 10 == 0 { letters.append(letter) }
            }
            try await stage.write(letters)
            // Slow enough to be killed at work rather than before or after it.
            try stage.cluster.brokerRTT(.milliseconds(10))
            let replay = ["dead-letters", "replay"] + stage.arguments
            var kills = 0
            for threshold in [1, 130, 400, 700, 1100, 1500] {
                let program = try Program(replay)
                while program.isRunning, try await stage.count() < Int64(threshold) {}
                program.kill()
                if await program.end().status == nil { kills += 1 }
            }
            try stage.cluster.brokerRTT(.zero)
            let last = try await Program.run(replay)
            #expect(last.status == 0, "\(last.log)")
            #expect(kills >= 4)
            let values = try await stage.records().compactMap(\.valueText)
            #expect(values.count == total)
            #expect(Set(values) == Set((0..<total).map { "letter \($0)" }))
            let idle = try await Program.run(replay)
            #expect(idle.lines == ["0 dead letters replayed.", "\(total) had been replayed before."])
            #expect(try await stage.list().allSatisfy(\.isReplayed))
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
