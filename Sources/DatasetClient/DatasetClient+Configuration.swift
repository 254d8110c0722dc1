package import LookoutVision

extension DatasetClient {
    /// How the client goes about its calls; every default suits the API's own quotas.
    package struct Configuration: Sendable {
        /// From the start of a request to the last byte of its answer, the wait for the rate limit not counted.
        package var requestTimeout: Duration = .seconds(60)
        /// Until a connection, with TLS where that is spoken, is there.
        package var connectTimeout: Duration = .seconds(5)
        /// Bytes of one answer; a longer one is an error. An answer's page of 100 entries is about 4 MiB at the most.
        package var largestAnswer = 16 * 1024 * 1024
        /// For each operation by itself; the API's default quota is 5 requests a second.
        package var rateLimit: RateLimit = .perSecond(5)
        /// The operations that have another limit.
        package var rateLimits: [Operation: RateLimit] = [:]
        /// Between polls, and between tries while answers fail.
        package var backoff = Backoff()
        /// How long polling and reading go on while answers keep failing, before the failure is the caller's.
        package var patience: Duration = .seconds(60)
        /// How long an update that stays in progress is polled before the caller has to ask again, under the same token.
        package var longestPolling: Duration = .seconds(60)
        /// Who is believed about the endpoint's certificate; the system's authorities, where there are none.
        package var authorities: TrustedAuthorities?

        /// The defaults.
        package init() {}
    }
}
