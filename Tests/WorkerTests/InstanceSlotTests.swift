import Foundation
import Testing
import Worker

struct InstanceSlotTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("linefeed-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    @Test func theLowestFreePlaceIsTaken() throws {
        try withFolder { folder in
            let first = try InstanceSlot(group: "pool", directory: folder)
            var second: InstanceSlot? = try InstanceSlot(group: "pool", directory: folder)
            let third = try InstanceSlot(group: "pool", directory: folder)
            #expect([first.number, second?.number, third.number] == [0, 1, 2])
            // Another group has places of its own, whatever its name.
            let others = try ["po.ol", "../pool", "pool/0", "ポ"].map { try InstanceSlot(group: $0, directory: folder) }
            #expect(others.map(\.number) == [0, 0, 0, 0])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 7)
            second = nil
            #expect(try InstanceSlot(group: "pool", directory: folder).number == 1)
            #expect(first.instance(host: "node-1.example") == "node-1.example")
            #expect(third.instance(host: "node 1") == "node-1_2")
            withExtendedLifetime((first, third, others)) {}
        }
    }

    @Test func aDirectoryOfOthersIsNotTrusted() throws {
        try withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder)
            let error = #expect(throws: InstanceSlotError.self) { try InstanceSlot(group: "pool", directory: folder) }
            #expect(error?.description.contains(folder) == true)
        }
        let error = #expect(throws: InstanceSlotError.self) {
            try InstanceSlot(group: "pool", directory: "/nowhere/at/all")
        }
        #expect(error?.description.contains("/nowhere/at/all") == true)
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
