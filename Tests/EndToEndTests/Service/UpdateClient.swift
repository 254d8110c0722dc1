import Foundation

/// An update that was answered with 202.
struct SentUpdate: Sendable {
    var token: String
    /// A bad one must be rolled back.
    var isGood: Bool
}

/// Updates one dataset, one call after the other, and looks after each.
///
/// Each good update writes its number into every line, so that half an update would show. An update is sent until it is
/// accepted, and never again: if the service forgot it, nobody would bring it back.
struct UpdateClient: Sendable {
    private static let images = 200

    let project: String
    let api: PlainAPI
    let seed: UInt64

    private var dataset: String { "/\(project)/datasets/train" }

    func run(until stop: Flag) async throws -> [SentUpdate] {
        var random = Random(seed: seed)
        _ = try await api.call("POST", "", ["ProjectName": project], token: "create")
        _ = try await api.call("POST", "/\(project)/datasets", ["DatasetType": "train"], token: "create")
        var sent: [SentUpdate] = []
        var content = 0
        while !stop.isRaised {
            let number = sent.count + 1
            let update = SentUpdate(token: "\(project)-\(number)", isGood: !random.chance(20))
            try await send(update, number)
            sent.append(update)
            let status = try await outcome(of: update)
            guard status == (update.isGood ? "UPDATE_COMPLETE" : "UPDATE_FAILED_ROLLBACK_COMPLETE") else {
                throw Failure("\(update.token) ended as \(status)")
            }
            if update.isGood { content = number }
            try await checkContent(content)
        }
        return sent
    }

    private func send(_ update: SentUpdate, _ number: Int) async throws {
        var lines = (0..<Self.images).map { #"{"source-ref":"s3://images/\#($0)","number":\#(number)}"# }
        // The bad line comes last, when all others could have been written.
        if !update.isGood { lines.append("{}") }
        let changes = Data(lines.joined(separator: "\n").utf8).base64EncodedString()
        let answer = try await api.call("PATCH", "\(dataset)/entries", ["Changes": changes], token: update.token)
        guard answer.status == 202 else { throw Failure("\(update.token): \(answer.status) \(answer.text)") }
    }

    /// Asks how the dataset is until the update is over, and sees that it is this one that the service speaks of.
    private func outcome(of update: SentUpdate) async throws -> String {
        let answer = try await api.poll(dataset, update.token) { answer in
            guard answer.latestToken == update.token, let status = Self.status(answer) else {
                throw Failure(
                    "\(update.token) was accepted and is lost: \(answer.latestToken ?? "no token") \(answer.text)")
            }
            return !status.hasSuffix("IN_PROGRESS")
        }
        return Self.status(answer) ?? ""
    }

    private func checkContent(_ number: Int) async throws {
        guard number > 0 else { return }
        var query = "maxResults=100"
        var entries: [String] = []
        while true {
            let page = try await api.call("GET", "\(dataset)/entries?\(query)")
            entries += page.member("DatasetEntries") ?? []
            guard let token: String = page.member("NextToken") else { break }
            query = "maxResults=100&nextToken=\(token.replacing("=", with: "%3D"))"
        }
        let right = entries.count { $0.hasSuffix(#""number":\#(number)}"#) }
        guard entries.count == Self.images, right == Self.images else {
            throw Failure("\(project) has \(entries.count) entries, \(right) of them of its latest update \(number)")
        }
    }

    static func status(_ answer: PlainAPI.Answer) -> String? {
        answer.member("DatasetDescription", "Status")
    }
}
