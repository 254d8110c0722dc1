extension MetricCatalog {
    /// Every metric that this program exposes. A name that is missing here is exposed without an explanation.
    package static let linefeed = MetricCatalog(ownEntries + processEntries + workerEntries + serviceEntries)

    /// From a batch that is one line to the longest that the API takes.
    private static let lineBuckets: [Double] = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000]
    private static let byteBuckets: [Double] = [
        1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 10_485_760,
    ]
    /// From an event that is settled at once to one that waits for most of a working day; in seconds.
    private static let longDurations: [Double] = [
        0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 28_800,
    ]

    private static let ownEntries = [
        Entry(
            "linefeed_metrics_series_refused_total",
            "Series that are not exposed, as there are too many or their name is another metric's."),
        Entry("linefeed_metrics_collection_failures_total", "Scrapes that some metrics are missing from."),
    ]

    private static let processEntries = [
        Entry("process_cpu_seconds_total", "User and system CPU time spent, in seconds."),
        Entry("process_virtual_memory_bytes", "Virtual memory size in bytes."),
        Entry("process_resident_memory_bytes", "Resident memory size in bytes."),
        Entry("process_start_time_seconds", "Start time of the process since the Unix epoch, in seconds."),
        Entry("process_open_fds", "Open file descriptors."),
        Entry("process_max_fds", "The most file descriptors that the process may open."),
    ]

    private static let workerEntries = [
        Entry("linefeed_records_consumed_total", "Records read from Kafka, once more after a rebalance."),
        Entry("linefeed_events_settled_total", "Events that need nothing more: applied, superseded or dead-lettered."),
        Entry("linefeed_events_replayed_total", "Events that a ledger said were settled before, so nothing was done."),
        Entry("linefeed_tombstones_total", "Records without a value, which need nothing."),
        Entry("linefeed_records_dropped_total", "Records that came for a partition after it was given up."),
        Entry("linefeed_batches_settled_total", "Batches that have settled."),
        Entry("linefeed_lines_applied_total", "JSON Lines of the batches that were applied."),
        Entry("linefeed_dead_letters_total", "Records written to the dead-letter topic, by reason."),
        Entry("linefeed_ledgers_ignored_total", "Ledgers not to be believed: their partitions are at-least-once."),
        Entry("linefeed_memberships_total", "Times the worker joined its consumer group."),
        Entry("linefeed_rebalances_total", "Changes of the worker's partitions, by kind: assigned, revoked, lost."),
        Entry("linefeed_commits_total", "Commits, by outcome for a partition: stored, refused, unknown."),
        Entry("linefeed_calls_total", "Calls of the dataset API that have ended, by operation and outcome."),
        Entry(
            "linefeed_call_seconds",
            "Time from the decision to call to the answer; for an update, to its terminal status. By operation.",
            buckets: longDurations),
        Entry("linefeed_batch_lines", "JSON Lines of a batch.", buckets: lineBuckets),
        Entry("linefeed_batch_bytes", "Bytes of a batch's payload, before base64.", buckets: byteBuckets),
        Entry(
            "linefeed_batch_settlement_seconds", "Time from a batch's cut to its settlement.", buckets: longDurations),
        Entry(
            "linefeed_publish_to_settled_seconds",
            "Time from the timestamp of a batch's first record to the batch's settlement.", buckets: longDurations),
        Entry("linefeed_lanes_waiting", "Lanes that wait for something outside to change, by reason."),
        Entry("linefeed_batches_in_flight", "Batches that were cut and have not settled."),
        Entry("linefeed_partitions_assigned", "Partitions that the worker owns."),
        Entry("linefeed_partitions_stalled", "Partitions that have something to do and do not get on."),
        Entry("linefeed_memory_held_bytes", "Bytes of the events held in memory."),
        Entry("linefeed_memory_budget_bytes", "Bytes of events above which partitions are paused."),
        Entry("linefeed_ledger_limit_bytes", "Characters that a partition's ledger may have."),
        Entry("linefeed_ready", "1 while the worker can do its work, else 0."),
        Entry("linefeed_partition_lag_records", "Records from a partition's watermark to the end of its log."),
        Entry("linefeed_partition_oldest_unsettled_seconds", "Age of a partition's lowest unsettled record."),
        Entry("linefeed_partition_ledger_bytes", "Characters of a partition's ledger in its last commit."),
        Entry("linefeed_partition_stalled", "1 for a partition that has something to do and does not get on."),
    ]

    private static let serviceEntries = [
        Entry("linefeed_requests_total", "Requests answered, by operation and HTTP status."),
        Entry("linefeed_request_duration_seconds", "Time from a request's head to its answer's, by operation."),
        Entry("linefeed_requests_in_flight", "Requests that are being answered."),
        Entry("linefeed_updates_total", "Updates by outcome: accepted, repeated, applied, failed."),
        Entry("linefeed_update_lines_total", "JSON Lines of the updates that were applied."),
        Entry("linefeed_update_bytes_total", "Bytes of the payloads that were accepted, before base64."),
        Entry(
            "linefeed_update_duration_seconds", "Time from an update's acceptance to its end, by outcome.",
            buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]),
        Entry("linefeed_updates_pending", "Updates that were accepted and are not over."),
        Entry("linefeed_projects", "Projects in the database."),
        Entry("linefeed_datasets", "Datasets in the database, by status."),
        Entry("linefeed_entries", "Entries in the database, by class."),
        Entry("linefeed_tokens", "Client tokens that are remembered."),
        Entry("linefeed_database_bytes", "Size of the database's files, by file: main, wal."),
    ]
}
