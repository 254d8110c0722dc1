import FoundationEssentials
import Labelling
import LookoutVision
import Testing

@testable import Settlement

@Suite struct LedgerCoderTests {
    private let coder = LedgerCoder(group: "group", topic: "topic", partition: 4)

    private func key(_ project: String, _ type: DatasetType = .train) -> DatasetKey {
        DatasetKey(project: project, type: type)
    }

    private var sample: Ledger {
        Ledger(
            era: 0, offset: 1_000_000, floor: 1_000_500,
            entries: [
                .init(dataset: nil, settled: 1_000_200, inFlight: nil),
                .init(
                    dataset: key("boards-left"), settled: 999_999,
                    inFlight: .init(cut: 1_000_000, firstSent: 1_795_000_000, eventCount: 1)),
                .init(
                    dataset: key("boards-left", .test), settled: 1_000_001,
                    inFlight: .init(
                        cut: 1_000_400, firstSent: 1_795_000_100, generation: 3, eventCount: 300, doubtsLoneLine: true)),
                .init(dataset: key("boards-right"), settled: 1_000_499, inFlight: nil),
                .init(dataset: key("x"), settled: 999_999, inFlight: nil),
            ].sorted(by: Ledger.precedes))
    }

    @Test func roundTrip() throws {
        for ledger in [
            sample, Ledger(era: 0, offset: 0, floor: -1, entries: []),
            Ledger(era: 0, offset: 7, floor: 100, entries: []),
            Ledger(
                era: 0, offset: .max - 10, floor: .max - 1,
                entries: [
                    .init(
                        dataset: key("p"), settled: .max - 8,
                        inFlight: .init(cut: .max - 1, firstSent: 0, generation: 9, eventCount: 0))
                ]),
        ] {
            let text = coder.encode(ledger)
            #expect(try coder.decode(text, committedAt: ledger.offset) == ledger)
            #expect(text.utf8.allSatisfy { $0 > 32 && $0 < 127 })
        }
    }

    @Test func levelsAndHashesComeBack() throws {
        var random = SplitMix64(seed: 9)
        for count in [0, 1, 5, 63, 64, 65, 500] {
            let lanes = (0..<count).map { _ in
                (digest: LaneDigest(value: random.next()), isHigh: Bool.random(using: &random))
            }
            let ledger = Ledger(
                era: 5, offset: 100, floor: 150,
                ceiling: .init(offset: 10_000, map: LevelMap.make(lanes).map),
                entries: [
                    .init(name: .noDataset, settled: 120),
                    .init(name: .hash(0), settled: 99, inFlight: .init(cut: 20_000, firstSent: 7, eventCount: 3)),
                    .init(name: .hash(.max), settled: 4000),
                ])
            let text = coder.encode(ledger)
            let decoded = try coder.decode(text, committedAt: 100)
            #expect(decoded == ledger)
            for lane in lanes { #expect(decoded.level(of: lane.digest) == ledger.level(of: lane.digest)) }
        }
    }

    /// What verifies and still makes no sense was written by no worker, and is refused all the same.
    @Test func numbersThatCannotBeAreRefused() {
        func refused(_ ledger: Ledger) -> Bool {
            (try? coder.decode(coder.encode(ledger), committedAt: ledger.offset)) == nil
        }
        func entry(settled: Int64 = 20, cut: Int64 = 30, generation: Int = 0) -> Ledger.Entry {
            .init(
                name: .hash(1), settled: settled,
                inFlight: .init(cut: cut, firstSent: 1, generation: generation, eventCount: 1))
        }
        #expect(!refused(Ledger(era: 0, offset: 10, floor: 9, entries: [entry()])))
        #expect(!refused(Ledger(era: 0, offset: 10, floor: 9, entries: [entry(generation: 1 << 20)])))
        #expect(refused(Ledger(era: 0, offset: 10, floor: 9, entries: [entry(generation: 1 << 20 + 1)])))
        #expect(refused(Ledger(era: 0, offset: 10, floor: 9, entries: [entry(settled: 30)])), "nothing is in flight")
        // Varints that lead beyond the last offset.
        for field in 0..<6 {
            #expect(throws: LedgerError.damaged, "field \(field)") {
                try coder.decode(overflowing(field), committedAt: 10)
            }
        }
    }

    /// A ledger of one entry in which one number is as large as a varint can be.
    private func overflowing(_ field: Int) -> String {
        func number(_ this: Int, _ value: UInt64) -> UInt64 { this == field ? UInt64(Int64.max) : value }
        var out: [UInt8] = [0x4C, 0x46, 2]
        out.appendVarint(10)
        out.appendVarint(number(0, 0))
        out.appendVarint(number(1, 0))
        if field == 1 { out.appendVarint(0) }
        out.appendVarint(0)
        out.appendVarint(5)
        out.appendVarint(number(2, 1))
        out += [4 | 8 | 64, 0, 0, 0, 1]
        out.appendVarint(number(3, 1))
        out.appendVarint(number(4, 20))
        out.appendVarint(number(5, 1))
        out.appendVarint(1)
        return coder.sealed(out)
    }

    @Test func randomLedgersComeBack() throws {
        var random = SplitMix64(seed: 7)
        for _ in 0..<2000 {
            let offset = Int64.random(in: 0...(1 << 40), using: &random)
            var entries: [Ledger.Entry] = []
            for number in 0..<Int.random(in: 0...12, using: &random) where Bool.random(using: &random) {
                let settled = offset - 1 + Int64.random(in: 0...3000, using: &random)
                let inFlight = Ledger.InFlight(
                    cut: settled + Int64.random(in: 1...5000, using: &random),
                    firstSent: Int64.random(in: 0...(1 << 33), using: &random),
                    generation: Int.random(in: 0...2, using: &random),
                    eventCount: Int.random(in: 0...60_000, using: &random), doubtsLoneLine: Bool.random(using: &random),
                    hasPayloadToken: Bool.random(using: &random))
                entries.append(
                    .init(
                        dataset: number == 0 ? nil : key("p\(number)", Bool.random(using: &random) ? .test : .train),
                        settled: settled, inFlight: number > 0 && Bool.random(using: &random) ? inFlight : nil))
            }
            let ledger = Ledger(
                era: 0, offset: offset, floor: offset - 1 + Int64.random(in: 0...9000, using: &random),
                entries: entries.sorted(by: Ledger.precedes))
            #expect(try coder.decode(coder.encode(ledger), committedAt: offset) == ledger)
        }
    }

    @Test func everyFlippedBitIsRefusedOrHarmless() throws {
        let ledger = sample
        let text = Array(coder.encode(ledger).utf8)
        var refused = 0
        for position in text.indices {
            for bit in 0..<8 {
                var damaged = text
                damaged[position] ^= 1 << bit
                let decoded = try? coder.decode(String(decoding: damaged, as: UTF8.self), committedAt: ledger.offset)
                if let decoded { #expect(decoded == ledger) } else { refused += 1 }
            }
        }
        #expect(refused > text.count * 7)
    }

    @Test func everyDamagedByteAndTruncationIsRefused() throws {
        let ledger = sample
        let bytes = try Array(#require(Data(base64Encoded: coder.encode(ledger))))
        for position in bytes.indices {
            for value in UInt8.min...UInt8.max where value != bytes[position] {
                var damaged = bytes
                damaged[position] = value
                #expect(throws: LedgerError.self) {
                    try coder.decode(Data(damaged).base64EncodedString(), committedAt: ledger.offset)
                }
            }
            #expect(throws: LedgerError.self) {
                try coder.decode(Data(bytes[..<position]).base64EncodedString(), committedAt: ledger.offset)
            }
            #expect(throws: LedgerError.self) {
                try coder.decode(Data(bytes[position...] + [0]).base64EncodedString(), committedAt: ledger.offset)
            }
        }
    }

    @Test func saysWhyItIsNotBelieved() {
        let text = coder.encode(sample)
        func error(_ text: String, _ offset: Int64, _ coder: LedgerCoder) -> LedgerError? {
            do throws(LedgerError) { _ = try coder.decode(text, committedAt: offset) } catch { return error }
            return nil
        }
        #expect(error(text, 1_000_000, coder) == nil)
        #expect(error(text, 999_999, coder) == .otherOffset(1_000_000))
        for foreign in ["hello", "{\"a\":1}", "====", "TEY", "AAAA", "Größe", " "] {
            #expect(error(foreign, 1_000_000, coder) == .foreign, "\(foreign)")
        }
        for other in [
            LedgerCoder(group: "group", topic: "topic", partition: 5),
            LedgerCoder(group: "group2", topic: "topic", partition: 4),
            LedgerCoder(group: "groupt", topic: "opic", partition: 4),
        ] { #expect(error(text, 1_000_000, other) == .damaged) }
        #expect(error(Data("LF".utf8).base64EncodedString(), 0, coder) == .damaged)
        #expect(error(Data("LF\u{4}abcdefg".utf8).base64EncodedString(), 0, coder) == .unknownVersion(4))
    }

    /// The tokens of version 2 are made of payloads, and whoever goes on with its batches has to know.
    @Test func batchesOfVersion2KeepTheirTokens() throws {
        var expected = sample
        for index in expected.entries.indices { expected.entries[index].inFlight?.hasPayloadToken = true }
        let text = coder.ofVersion2(sample)
        #expect(try coder.decode(text, committedAt: sample.offset) == expected)
        // What is written next says so too.
        #expect(try coder.decode(coder.encode(expected), committedAt: sample.offset) == expected)
    }

    @Test(arguments: [(200, 3900), (300, 3900)])
    func namedDatasetsThatFit(count: Int, characters: Int) {
        let entries = (0..<count).map { number in
            Ledger.Entry(
                dataset: key("project-\(1000 + number)"), settled: 5_000_000 + Int64(number * 7), inFlight: nil)
        }
        let ledger = Ledger(era: 0, offset: 5_000_000, floor: 4_999_999, entries: entries.sorted(by: Ledger.precedes))
        #expect(coder.encode(ledger).utf8.count <= characters)
    }
}

extension LedgerCoder {
    /// The ledger as version 2 wrote it.
    func ofVersion2(_ ledger: Ledger) -> String {
        var bytes = Array(Data(base64Encoded: encode(ledger)) ?? Data()).dropLast(4)
        bytes[2] = 2
        return sealed(Array(bytes))
    }
}
