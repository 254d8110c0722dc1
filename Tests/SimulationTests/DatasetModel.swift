import LookoutVision
import Settlement

/// A request as it travels: what a worker decided, whenever it arrives.
struct Request {
    var member: Int
    var key: String
    var kind: Call.Kind
    var dataset: Int
    var token: String
    /// Numbers of the events whose lines are sent, in order.
    var lines: [Int]
}

/// The dataset API: asynchronous, all or nothing, one update of a dataset at a time, tokens remembered for eight hours.
struct DatasetModel {
    struct Token {
        enum Status: Equatable {
            case inProgress
            case complete
            case failed
        }
        var lines: [Int]
        var status: Status
        /// Wall milliseconds.
        var created: Int64
        /// Whom to tell how it ended.
        var waiting: [(member: Int, key: String)] = []
    }

    struct Dataset {
        var exists = true
        /// From source-ref to the event whose line it holds.
        var entries: [Int: Int] = [:]
        var updating: String?
        var tokens: [String: Token] = [:]
        var invalid: Set<String> = []
    }

    enum Outcome {
        case answer(Answer)
        /// Accepted, or accepted before: the answer follows when the update has ended.
        case inProgress(isNew: Bool)
    }

    var datasets: [Dataset]
    static let tokenLife = Int64(Limits.clientTokenLifeSeconds) * 1000

    /// - Returns: what is answered at once.
    mutating func arrive(
        _ request: Request, wall: Int64, refOf: (Int) -> Int, isInvalid: (Int) -> Bool, report: (String) -> Void
    ) -> Outcome {
        guard datasets[request.dataset].exists else {
            if request.kind == .createDataset {
                datasets[request.dataset].exists = true
                return .answer(.created)
            }
            return .answer(.exception(APIException(.resourceNotFound, "no such dataset")))
        }
        let busy = Outcome.answer(.exception(APIException(.conflict, "updating")))
        switch request.kind {
        case .createDataset: return .answer(.exception(APIException(.conflict, "exists")))
        case .readBack: return datasets[request.dataset].updating != nil ? busy : .answer(readBack(request, refOf))
        case .update: break
        }
        if let known = datasets[request.dataset].tokens[request.token], wall - known.created < Self.tokenLife {
            if known.lines != request.lines { report("a token came back with other lines") }
            switch known.status {
            case .complete: return .answer(.completed)
            case .failed: return .answer(.rolledBack(message: "as before"))
            case .inProgress:
                datasets[request.dataset].tokens[request.token]?.waiting.append((request.member, request.key))
                return .inProgress(isNew: false)
            }
        }
        guard datasets[request.dataset].updating == nil else { return busy }
        // What was refused at the door stays refused, though nobody remembers the token.
        if datasets[request.dataset].invalid.contains(request.token) || request.lines.contains(where: isInvalid) {
            datasets[request.dataset].invalid.insert(request.token)
            return .answer(.exception(APIException(.validation, "a line is not as it has to be")))
        }
        datasets[request.dataset].updating = request.token
        datasets[request.dataset].tokens[request.token] = Token(
            lines: request.lines, status: .inProgress, created: wall, waiting: [(request.member, request.key)])
        return .inProgress(isNew: true)
    }

    private func readBack(_ request: Request, _ refOf: (Int) -> Int) -> Answer {
        let entries = datasets[request.dataset].entries
        return request.lines.allSatisfy { entries[refOf($0)] == $0 } ? .completed : .notAsSent
    }
}
