import Testing
import Worker

struct InstanceSlotTests {
    @Test func theLowestFreePlaceIsTaken() throws {
        // Of nobody else on this host.
        let group = "pool-\(UInt64.random(in: .min ... .max))"
        let first = try InstanceSlot(group: group)
        var second: InstanceSlot? = try InstanceSlot(group: group)
        let third = try InstanceSlot(group: group)
        #expect([first.number, second?.number, third.number] == [0, 1, 2])
        // Another group has places of its own, whatever its name.
        let others = try ["a", ".", "/0", "ポ", String(repeating: "x", count: 300)].map {
            try InstanceSlot(group: group + $0)
        }
        #expect(others.map(\.number) == [0, 0, 0, 0, 0])
        second = nil
        #expect(try InstanceSlot(group: group).number == 1)
        #expect(first.instance(host: "node-1.example") == "node-1.example")
        #expect(third.instance(host: "node 1") == "node-1_2")
        withExtendedLifetime((first, third, others)) {}
    }

    @Test func namesAreWhatKafkaTakes() {
        for name in ["a", "linefeed-0", "node_1.example", String(repeating: "x", count: 249)] {
            #expect(InstanceSlot.isInstance(name))
        }
        for name in ["", ".", "..", "a b", "a/b", "ä", String(repeating: "x", count: 250)] {
            #expect(!InstanceSlot.isInstance(name))
        }
    }
}
