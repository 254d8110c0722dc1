import Kafka
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5)))
struct ProducerTests {
    @Test func nullsAndEmptiesAreDifferentThings() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        let properties: KafkaProperties = ["bootstrap.servers": cluster.bootstrapServers]
        let producer = try Producer(properties: properties)
        let headers = [
            RecordHeader("a", Array("first".utf8)), RecordHeader("null", nil), RecordHeader("empty", []),
            RecordHeader("a", Array("last".utf8)),
        ]
        let full = try await producer.send(
            topic: "events", partition: 0, key: Array("k".utf8), value: Array("v".utf8), headers: headers,
            timestampMilliseconds: 1_700_000_000_123)
        #expect(full == Delivery(partition: 0, offset: 0))
        let tombstone = try await producer.send(topic: "events", key: nil, value: nil)
        #expect(tombstone.offset == 1)
        _ = try await producer.send(topic: "events", key: [], value: [])
        #expect(await producer.close(deadline: .seconds(30)))

        let reader = try ClusterReader(properties: properties)
        let records = try await reader.records("events", partition: 0, timeout: .seconds(30))
        try #require(records.count == 3)
        #expect(records[0].headers == headers)
        #expect(records[0].timestampMilliseconds == 1_700_000_000_123)
        #expect(records[1].key == nil && records[1].value == nil && records[1].headers.isEmpty)
        #expect(records[2].key == [] && records[2].value == [])

        let looks = Looks()
        try await reader.read("events", partition: 0, range: 0..<2, timeout: .seconds(30)) { record in
            if case .bytes(let bytes)? = record.headerList?["a"] {
                looks.add("a=\(String(decoding: bytes, as: UTF8.self))")
            }
            if case .null? = record.headerList?["null"] { looks.add("null") }
            if case .bytes(let bytes)? = record.headerList?["empty"] { looks.add("empty \(bytes.count)") }
            if record.headerList?["absent"] == nil { looks.add("absent") }
            return true
        }
        #expect(looks.all == ["a=last", "null", "empty 0", "absent", "absent"])
    }

    @Test func placesKeysLikeJavaClients() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 7)])
        let producer = try Producer(properties: ["bootstrap.servers": cluster.bootstrapServers])
        for key in ["", "boards/train", "21", "foobar", "abc-boards/test"] {
            let delivery = try await producer.send(topic: "events", key: Array(key.utf8), value: nil)
            #expect(delivery.partition == Int32((murmur2(Array(key.utf8)) & 0x7fff_ffff) % 7), "\(key)")
        }
        await producer.close(deadline: .seconds(30))
    }

    @Test func fullQueueMakesSendersWait() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        let producer = try Producer(properties: [
            "bootstrap.servers": cluster.bootstrapServers, "queue.buffering.max.messages": "10", "linger.ms": "1",
        ])
        let delivered = Looks()
        for number in 0..<500 {
            await producer.enqueue(topic: "events", key: nil, value: Array("\(number)".utf8)) { result in
                delivered.add((try? result.get()).map { "\($0.offset ?? -1)" } ?? "failed")
            }
        }
        #expect(await producer.flush(deadline: .seconds(30)))
        #expect(delivered.all == (0..<500).map { "\($0)" })
        await producer.close(deadline: .seconds(30))
    }

    @Test func everyRecordIsReportedOnceWhenTheClusterIsDead() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        let producer = try Producer(properties: ["bootstrap.servers": cluster.bootstrapServers])
        _ = try await producer.send(topic: "events", key: nil, value: [1])
        try cluster.brokerDown()
        let reports = Looks()
        for _ in 0..<50 {
            await producer.enqueue(topic: "events", key: nil, value: [2]) { result in
                if case .failure(let error) = result { reports.add(error.name) }
            }
        }
        let duration = await ContinuousClock().measure {
            #expect(await producer.close(deadline: .milliseconds(300)) == false)
        }
        #expect(reports.all.count == 50)
        #expect(reports.all.allSatisfy { $0.hasPrefix("_PURGE") || $0 == "_DESTROY" }, "\(Set(reports.all))")
        #expect(duration < .seconds(30))
        await #expect(throws: KafkaError.self) {
            try await producer.send(topic: "events", key: nil, value: [3])
        }
    }

    @Test func brokerErrorsAreRetriedWithoutRepeats() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        let properties: KafkaProperties = ["bootstrap.servers": cluster.bootstrapServers, "retry.backoff.ms": "10"]
        let producer = try Producer(properties: properties)
        cluster.pushRequestErrors(.produce, [6, -195, 7])
        for number in 0..<20 { _ = try await producer.send(topic: "events", key: nil, value: [UInt8(number)]) }
        await producer.close(deadline: .seconds(30))
        let reader = try ClusterReader(properties: properties)
        let records = try await reader.records("events", partition: 0, timeout: .seconds(30))
        #expect(records.map(\.value) == (0..<20).map { [UInt8($0)] })
    }
}

/// Words collected from any thread.
final class Looks: Sendable {
    private let words = Mutex<[String]>([])
    var all: [String] { words.withLock { $0 } }
    func add(_ word: String) { words.withLock { $0.append(word) } }
}

/// MurmurHash2 as the Java client computes it (`org.apache.kafka.common.utils.Utils.murmur2`), from its definition.
private func murmur2(_ bytes: [UInt8]) -> UInt32 {
    let multiplier: UInt32 = 0x5bd1_e995
    var hash: UInt32 = 0x9747_b28c ^ UInt32(bytes.count)
    var index = 0
    while bytes.count - index >= 4 {
        var word = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[index + $1]) << (8 * UInt32($1)) }
        word &*= multiplier
        word ^= word >> 24
        word &*= multiplier
        hash &*= multiplier
        hash ^= word
        index += 4
    }
    let rest = bytes[index...]
    if !rest.isEmpty {
        for (place, byte) in rest.enumerated() { hash ^= UInt32(byte) << (8 * UInt32(place)) }
        hash &*= multiplier
    }
    hash ^= hash >> 13
    hash &*= multiplier
    return hash ^ (hash >> 15)
}
