import Testing

@testable import Kafka

struct ValueTests {
    @Test func propertiesKeepTheirOrderAndTheirSecrets() {
        var properties: KafkaProperties = [
            "bootstrap.servers": "a:9092", "sasl.password": "hunter2", "ssl.key.pem": "-----BEGIN", "client.id": "c",
            "sasl.oauthbearer.config": "principal=hunter2", "sasl.mechanisms": "PLAIN", "ssl.key.password": "hunter2",
        ]
        let words =
            "\(properties) \(String(reflecting: properties)) \(String(describing: Mirror(reflecting: properties)))"
        #expect(!words.contains("hunter2") && !words.contains("BEGIN"))
        #expect(words.contains("bootstrap.servers=a:9092") && words.contains("sasl.mechanisms=PLAIN"))
        var dumped = ""
        dump(properties, to: &dumped)
        #expect(!dumped.contains("hunter2"))

        properties["client.id"] = "d"
        properties["bootstrap.servers"] = nil
        properties["bootstrap.servers"] = "b:9092"
        #expect(properties.entries.first?.name == "sasl.password")
        #expect(properties.entries.last.map { $0 == ("bootstrap.servers", "b:9092") } == true)
        #expect(properties.entries.count == 7)
        #expect(properties.overridden(by: ["client.id": "e"])["client.id"] == "e")
    }

    @Test func refusedPropertyIsNamedButASecretIsNotQuoted() {
        #expect {
            try Producer(properties: ["no.such.property": "1"])
        } throws: { error in
            (error as? KafkaError).map { $0.operation.contains("no.such.property") } == true
        }
        #expect {
            try Producer(properties: ["sasl.kerberos.min.time.before.relogin": "hunter2"])
        } throws: { error in
            !"\(error)".contains("hunter2") && "\(error)".contains("sasl.kerberos")
        }
    }

    @Test func positionsRefuseWhatWasSeen() {
        var table = PositionTable()
        #expect(table.accept(3, 0) == .unassigned)
        table.assign(3, at: 10)
        #expect(table.accept(3, 9) == .rewound)
        #expect(table.accept(3, 10) == .expected)
        #expect(table.accept(3, 10) == .rewound)
        // Compaction leaves gaps.
        #expect(table.accept(3, 15) == .expected)
        #expect(table.position(of: 3) == 16)
        table.advance(3, to: 20)
        table.advance(3, to: 5)
        #expect(table.position(of: 3) == 20)
        #expect(table.accept(2, 0) == .unassigned && table.accept(-1, 0) == .unassigned)
        table.assign(0, at: ConsumerControl.beginning)
        #expect(table.partitions == [0, 3])
        #expect(table.accept(0, 0) == .expected)
        table.unassign(3)
        #expect(table.accept(3, 30) == .unassigned && table.position(of: 3) == nil)
        table.assign(.max, at: 0)
        #expect(table.partitions == [0])
    }

    @Test func timeoutsAreRoundedUpAndBounded() {
        #expect(Duration.nanoseconds(1).timeoutMilliseconds == 1)
        #expect(Duration.milliseconds(7).timeoutMilliseconds == 7)
        #expect(Duration.seconds(-3).timeoutMilliseconds == 0)
        #expect(Duration.seconds(Int64.max).timeoutMilliseconds == 86_400_000)
    }
}
