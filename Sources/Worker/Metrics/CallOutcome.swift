internal import LookoutVision
internal import Settlement

/// What came of a call, as a metric's label: the API's exceptions by their own names, and a few words of ours.
enum CallOutcome {
    static let completed = "completed"
    static let rolledBack = "rolled-back"
    static let notAsSent = "not-as-sent"
    static let created = "created"
    static let unreachable = "unreachable"
    static let unauthorized = "unauthorized"

    static func label(_ answer: Answer) -> String {
        switch answer {
        case .completed: completed
        case .rolledBack: rolledBack
        case .notAsSent: notAsSent
        case .created: created
        case .exception(let exception): exception.kind.rawValue
        case .unreachable: unreachable
        case .unauthorized: unauthorized
        }
    }

    /// Every outcome that a kind of call can have.
    static func labels(of kind: Call.Kind) -> [String] {
        let own =
            switch kind {
            case .update: [completed, rolledBack]
            case .readBack: [completed, notAsSent]
            case .createDataset: [created]
            }
        return own + APIException.Kind.allCases.map(\.rawValue) + [unreachable, unauthorized]
    }
}

extension Call.Kind {
    static let all: [Call.Kind] = [.update, .readBack, .createDataset]

    /// As a metric's label.
    var label: String {
        switch self {
        case .update: "update"
        case .readBack: "read-back"
        case .createDataset: "create"
        }
    }
}
