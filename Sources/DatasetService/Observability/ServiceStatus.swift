import LookoutVision

/// What the service says of itself in `/status`: names of datasets and numbers, never an entry, a token or a key.
struct ServiceStatus: Encodable, Sendable {
    struct Readiness: Encodable, Sendable {
        /// Why it cannot do its work just now, each a sentence for the person on call; empty where it can.
        var obstacles: [String]
    }

    /// How clients are received.
    struct Access: Encodable, Sendable {
        /// Whether requests have to be signed by a known key.
        var keys: Bool
        var tls: Bool
    }

    struct Entries: Encodable, Sendable {
        var normal: Int
        var anomaly: Int
        var unlabelled: Int
    }

    struct Update: Encodable, Sendable {
        /// `PROJECT/TYPE`.
        var dataset: String
        /// Since it was accepted, or since it was over.
        var seconds: Double
    }

    struct Updates: Encodable, Sendable {
        /// Accepted and not over.
        var inProgress: Int
        /// Since its acceptance.
        var oldestInProgress: Update?
        /// Of those that were applied the one that was accepted last; since it was applied.
        var lastApplied: Update?
        /// Of those that failed the one that was accepted last; since it failed.
        var lastFailed: Update?
        /// Of the last 8 hours, as long as client tokens are remembered; by the status they have come to.
        var remembered: [String: Int]
    }

    struct Database: Encodable, Sendable {
        /// Of the main file.
        var bytes: Int
        /// Of the log beside it.
        var walBytes: Int
    }

    var readiness: Readiness
    var access: Access
    // What follows is missing while the database cannot be read.
    var projects: Int?
    /// By status.
    var datasets: [String: Int]?
    /// By class.
    var entries: Entries?
    var updates: Updates?
    var database: Database?

    init(access: Access, obstacle: String) {
        readiness = Readiness(obstacles: [obstacle])
        self.access = access
    }

    init(access: Access, totals: DatabaseTotals, activity: UpdateActivity, walBytes: Int, now: Timestamp) {
        readiness = Readiness(obstacles: [])
        self.access = access
        projects = totals.projects
        datasets = Dictionary(uniqueKeysWithValues: totals.datasets.map { ($0.key.rawValue, $0.value) })
        let counts = totals.counts
        entries = Entries(
            normal: counts.normal, anomaly: counts.anomaly, unlabelled: counts.total - counts.labelled)
        func update(_ event: UpdateActivity.Event?) -> Update? {
            event.map { Update(dataset: $0.dataset, seconds: max(0, now.secondsSinceEpoch - $0.at.secondsSinceEpoch)) }
        }
        updates = Updates(
            inProgress: totals.pendingUpdates, oldestInProgress: update(activity.oldestPending),
            lastApplied: update(activity.lastApplied), lastFailed: update(activity.lastFailed),
            remembered: activity.remembered)
        database = Database(bytes: totals.bytes, walBytes: walBytes)
    }
}
