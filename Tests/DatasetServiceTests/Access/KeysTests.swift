import Foundation
import NIOCore
import Testing

@testable import DatasetService

@Suite("Access keys")
struct KeysTests {
    private static let good = """
        # the pool of line 4
        keys:
          - id: LINE-4_a
            secret: "1234567890123456"
            projects: {boards: write, "lab-*": read}
          - id: OPERATOR
            secret: 'a:#secret*with&marks'
            projects:
              "*": admin
        """

    private func read(_ yaml: String) throws(AccessError) -> AccessKeys {
        try AccessKeys(yaml: yaml, path: "keys.yaml")
    }

    @Test("A key may do what any of its patterns allows, and nothing else")
    func grants() throws {
        let keys = try read(Self.good)
        #expect(keys.count == 2)
        let line = try #require(keys["LINE-4_a"])
        #expect(line.allows(.write, in: "boards") && line.allows(.read, in: "boards"))
        #expect(!line.allows(.admin, in: "boards") && !line.allows(.read, in: "Boards"))
        #expect(line.allows(.read, in: "lab-") && !line.allows(.write, in: "lab-1") && !line.allows(.read, in: "lab"))
        #expect(!line.allowsEverywhere(.read))
        let admin = try #require(keys["OPERATOR"])
        #expect(admin.allows(.admin, in: "anything") && admin.allowsEverywhere(.read))
        #expect(admin.secret == "a:#secret*with&marks")
        #expect(keys["operator"] == nil && keys[""] == nil)
    }

    @Test("A key never shows its secret")
    func secrets() throws {
        let key = try #require(try read(Self.good)["OPERATOR"])
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped, "\([key])"] {
            #expect(!text.contains("secret*"))
            #expect(text.contains("OPERATOR"))
        }
    }

    /// What is wrong, on which line, and what the message must name.
    static let refusals: [(String, Int, String)] = [
        (good.replacing("write,", with: "wirte,"), 5, "boards of LINE-4_a"),
        (good.replacing("secret: \"", with: "secert: \""), 4, "a field other than"),
        (good.replacing("1234567890123456", with: "123456789012345"), 4, "secret of LINE-4_a"),
        (good.replacing("1234567890123456", with: "1234567890 123456"), 4, "secret of LINE-4_a"),
        (good.replacing("LINE-4_a", with: "LINE/4"), 3, "id is not"),
        (good.replacing("OPERATOR", with: "LINE-4_a"), 6, "there twice"),
        (good.replacing("\"lab-*\"", with: "\"lab *\""), 5, "among the projects of LINE-4_a"),
        (good.replacing("\"*\": admin", with: "{}"), 9, "projects of OPERATOR"),
        (good.replacing("keys:", with: "key:"), 2, "the file has a field"),
        ("keys: []", 1, "at least one key"),
        ("keys:\n  - just text", 2, "a key is not made of"),
        ("[1, 2]", 1, "the file is not made of"),
        ("keys: {", 2, "node content"),
        ("keys:\n\t- id: A", 2, "token"),
    ]

    @Test("What is not exactly a keys file is refused with its line and without a secret", arguments: refusals.indices)
    func refused(_ index: Int) throws {
        let (yaml, line, names) = Self.refusals[index]
        do {
            _ = try read(yaml)
            Issue.record("accepted: \(yaml)")
        } catch {
            guard case .keys("keys.yaml", let found, let reason) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(found == line, "\(reason)")
            #expect(reason.contains(names), "\(reason)")
            #expect(!"\(error)".contains("123456789"))
        }
    }

    @Test(
        "Patterns match as shells match them",
        arguments: [
            ("*", "", true), ("a*", "a", true), ("a*b", "ab", true), ("a*b", "axxb", true), ("a*b", "axbx", false),
            ("*a*b*", "xxaxxbxx", true), ("*ab*ab", "ababab", true), ("*ab*ab", "ab", false), ("**", "x", true),
            ("ab", "ab", true), ("ab", "abc", false), ("ab", "a", false),
            ("a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ])
    func matching(_ pattern: String, _ name: String, _ matches: Bool) throws {
        #expect(try #require(ProjectPattern(pattern)).matches(name) == matches)
    }

    @Test("What could match no project is no pattern", arguments: ["", "-a", "a b", "a?", "ä", "a/b", "_*"])
    func noPatterns(_ text: String) {
        #expect(ProjectPattern(text) == nil)
    }

    @Test("The file has to belong to few, and what replaces it has to be right")
    func files() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "linefeed-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "keys.yaml").path
        func write(_ text: String, mode: Int) throws {
            try Data(text.utf8).write(to: URL(filePath: path))
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        }
        for mode in [0o644, 0o602, 0o620, 0o601] {
            try write(Self.good, mode: mode)
            #expect(throws: AccessError.self) { try KeyRing(path: path) }
        }
        try write(Self.good, mode: 0o640)
        let ring = try KeyRing(path: path)
        #expect(ring["OPERATOR"] != nil)
        try write("keys: wrong", mode: 0o600)
        #expect(throws: AccessError.self) { try ring.reload() }
        #expect(ring["OPERATOR"] != nil)
        try write(Self.good.replacing("OPERATOR", with: "SUCCESSOR"), mode: 0o600)
        #expect(try ring.reload() == 2)
        #expect(ring["OPERATOR"] == nil && ring["SUCCESSOR"] != nil)
        for other in [folder.path, "/dev/null", path + "x"] {
            #expect(throws: AccessError.self) { try KeyRing(path: other) }
        }
    }

    @Test(
        "Loopback is known by its address",
        arguments: [
            ("localhost", true), ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("0.0.0.0", false),
            ("::", false),
            ("192.168.0.1", false), ("127.0.0.1.example.com", false), ("example.com", false), ("", false),
            ("127.1", false),
        ])
    func loopback(_ host: String, _ isLoopback: Bool) {
        #expect(SocketAddress.isLoopback(host: host) == isLoopback)
    }
}
