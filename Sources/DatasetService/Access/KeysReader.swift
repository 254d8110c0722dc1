import Yams

/// Reads the keys file's text; knows the line of whatever is wrong, and never quotes a value.
struct KeysReader {
    let path: String
    static let shortestSecret = 16

    func read(_ text: String) throws(AccessError) -> [(key: AccessKey, line: Int)] {
        let document: Node?
        do {
            document = try compose(yaml: text)
        } catch let YamlError.parser(_, problem, mark, _), let YamlError.scanner(_, problem, mark, _) {
            throw .keys(path: path, line: mark.line, reason: problem)
        } catch {
            throw .file(path: path, reason: "it is no YAML")
        }
        guard let document else { throw .file(path: path, reason: "it is empty") }
        let fields = try fields(of: document, allowed: ["keys"], what: "the file")
        guard let list = fields["keys"]?.sequence, !list.isEmpty else {
            throw refusal(fields["keys"] ?? document, "keys is not a list of at least one key")
        }
        var keys: [(key: AccessKey, line: Int)] = []
        for node in list { keys.append((try key(node), line(node))) }
        return keys
    }

    private func key(_ node: Node) throws(AccessError) -> AccessKey {
        let fields = try fields(of: node, allowed: ["id", "secret", "projects"], what: "a key")
        guard let idNode = fields["id"], let id = idNode.scalar?.string, Self.isKeyID(id) else {
            throw refusal(fields["id"] ?? node, "id is not 1 to 128 letters, digits, underscores or hyphens")
        }
        guard let secretNode = fields["secret"], let secret = secretNode.scalar?.string, Self.isSecret(secret) else {
            throw refusal(
                fields["secret"] ?? node,
                "secret of \(id) is not at least \(Self.shortestSecret) printable ASCII characters without spaces")
        }
        guard let projectsNode = fields["projects"], let projects = projectsNode.mapping, !projects.isEmpty else {
            throw refusal(fields["projects"] ?? node, "projects of \(id) does not say what the key may do where")
        }
        var grants: [AccessKey.Grant] = []
        for (name, value) in projects {
            guard let pattern = name.scalar.flatMap({ ProjectPattern($0.string) }) else {
                throw refusal(name, "what is no project's name, perhaps with *, stands among the projects of \(id)")
            }
            guard let permission = value.scalar.flatMap({ Permission(rawValue: $0.string) }) else {
                throw refusal(value, "\(pattern.text) of \(id) is not read, write or admin")
            }
            grants.append(AccessKey.Grant(projects: pattern, permission: permission))
        }
        return AccessKey(id: id, secret: secret, grants: grants)
    }

    private func fields(of node: Node, allowed: Set<String>, what: String) throws(AccessError) -> [String: Node] {
        guard let mapping = node.mapping else {
            throw refusal(node, "\(what) is not made of the fields \(allowed.sorted().joined(separator: ", "))")
        }
        var fields: [String: Node] = [:]
        for (name, value) in mapping {
            guard let text = name.scalar?.string, allowed.contains(text) else {
                throw refusal(name, "\(what) has a field other than \(allowed.sorted().joined(separator: ", "))")
            }
            fields[text] = value
        }
        return fields
    }

    private func refusal(_ node: Node, _ reason: String) -> AccessError {
        .keys(path: path, line: line(node), reason: reason)
    }

    private func line(_ node: Node) -> Int { node.mark?.line ?? 1 }

    /// What can stand in the `Credential` of a signature.
    static func isKeyID(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    private static func isSecret(_ text: String) -> Bool {
        text.utf8.count >= shortestSecret && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }
}
