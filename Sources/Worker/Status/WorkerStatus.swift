/// What a worker is doing, for people and probes: a value to be shown as JSON. At most about a second old.
///
/// Names of datasets are in it, and the API's messages; no secrets.
package struct WorkerStatus: Codable, Sendable, Equatable {
    package var group: String
    package var topic: String
    package var membership = Membership()
    package var readiness = Readiness()
    package var partitions: [Partition] = []
    package var memory = Memory()
    package var totals = Totals()
    /// Batches that were cut, or are being re-formed, and have not settled.
    package var batchesInFlight = 0
    /// How many lanes wait, by reason (`WaitReason`).
    package var lanesWaiting: [String: Int] = [:]

    package struct Membership: Codable, Sendable, Equatable {
        package enum State: String, Codable, Sendable {
            /// The group has not said yet what is ours.
            case joining
            /// The group gave us partitions, and where they begin is being read.
            case readingOffsets = "reading-offsets"
            /// Ours are the partitions listed, which may be none.
            case member
            /// The group wants partitions back.
            case revoking
            /// Asked to stop: batches in flight settle, then the group is left.
            case draining
            case ended
        }
        package var state = State.joining
        /// `group.instance.id`, where the membership is static.
        package var instance: String?
        /// How many times this process has joined the group.
        package var joined = 0
        package var assignments = 0
        package var revocations = 0
        package var losses = 0
    }

    package struct Readiness: Codable, Sendable, Equatable {
        /// Why a worker is not ready; bounded, fit for programs.
        package enum Reason: String, Codable, Sendable, CaseIterable {
            case notAssigned = "not-assigned"
            case offsetsUnknown = "offsets-unknown"
            case brokersUnreachable = "brokers-unreachable"
            case accessRefused = "access-refused"
            case draining
            /// The worker's own loop does not turn.
            case hung
            case ended
        }
        package struct Obstacle: Codable, Sendable, Equatable {
            package var reason: Reason
            /// For people.
            package var detail: String
        }
        package var obstacles: [Obstacle] = []
        package var isReady: Bool { obstacles.isEmpty }
    }

    package struct Partition: Codable, Sendable, Equatable {
        package var partition: Int32
        /// As last acknowledged; nil: the group has no offset here.
        package var committed: Int64?
        /// The lowest unsettled offset.
        package var watermark: Int64
        /// The next offset to be read.
        package var position: Int64
        /// Where the log ends, as far as is known.
        package var high: Int64
        /// Records from the watermark to the end of the log.
        package var lag: Int64
        package var ledgerBytes: Int
        package var ledgerLimit: Int
        package var isPaused: Bool
        /// Batches with the API, or whose dead letters are being written.
        package var lanesInFlight: Int
        package var lanesWaiting: Int
        /// Of both, those with the most failures first; at most `laneLimit`.
        package var lanes: [Lane]
        /// By the timestamp of the record at the watermark; nil where nothing is unsettled or it has none.
        package var oldestUnsettledSeconds: Double?
        /// What keeps the watermark where it is, in words; nil where nothing does.
        package var holdup: String?
        /// The dataset that does; nil also for records of no dataset.
        package var holdupDataset: String?
        /// For how long it has not got on although there is something to settle or to read; nil below
        /// `Settings.stallAfter`.
        package var stalledSeconds: Double?

        package static let laneLimit = 50
    }

    package struct Lane: Codable, Sendable, Equatable {
        package enum State: String, Codable, Sendable {
            case calling
            case waiting
            case writingDeadLetters = "writing-dead-letters"
        }
        /// `project/type`.
        package var dataset: String
        package var state: State
        /// `WaitReason`; nil unless it waits.
        package var reason: String?
        /// What the API said last.
        package var detail: String?
        /// Answers in a row that changed nothing.
        package var failures: Int
        /// Since the batch was first seen with a call.
        package var seconds: Double
        package var firstOffset: Int64
        package var cut: Int64
        package var lines: Int
    }

    package struct Memory: Codable, Sendable, Equatable {
        package var heldBytes = 0
        package var budgetBytes = 0
    }

    /// Of all memberships of this process.
    package struct Totals: Codable, Sendable, Equatable {
        package var recordsRead = 0
        package var eventsSettled = 0
        package var eventsReplayed = 0
        package var tombstones = 0
        package var deadLetters = 0
        package var batchesSettled = 0
        package var linesApplied = 0
        package var calls = 0
        package var commits = 0
        package var commitsFailed = 0
        package var ledgersIgnored = 0
    }

    package init(group: String, topic: String) {
        self.group = group
        self.topic = topic
    }
}
