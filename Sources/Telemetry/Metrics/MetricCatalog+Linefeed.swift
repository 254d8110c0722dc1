extension MetricCatalog {
    /// Every metric that this program exposes. A name that is missing here is exposed without an explanation.
    package static let linefeed = MetricCatalog(ownEntries + processEntries + serviceEntries)

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
