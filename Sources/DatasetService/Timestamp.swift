import FoundationEssentials

/// A moment in microseconds since the Unix epoch: fine enough for the API's dates, whole so that SQLite compares it.
package struct Timestamp: Sendable, Hashable, Comparable {
    /// Microseconds since 1970-01-01T00:00:00Z; negative before.
    package var microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// What the system's clock says.
    package static func now() -> Timestamp {
        Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    }

    /// Seconds since the epoch, as timestamps travel in responses.
    package var secondsSinceEpoch: Double { Double(microseconds) / 1_000_000 }

    /// The moment `seconds` later.
    package func adding(seconds: Int) -> Timestamp {
        Timestamp(microseconds: microseconds + Int64(seconds) * 1_000_000)
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microseconds < right.microseconds
    }
}
