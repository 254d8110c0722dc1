/// Header and query names of the wire format (service model 2020-11-20; header names compare without case).
package enum WireNames {
    /// What signatures are scoped to.
    package static let signingName = "lookoutvision"
    package static let clientToken = "X-Amzn-Client-Token"
    package static let errorType = "x-amzn-ErrorType"
    package static let requestID = "x-amzn-RequestId"
    package static let retryAfter = "Retry-After"
    /// With `wait=SECONDS`, on `UpdateDatasetEntries`: the caller would rather be answered once the update is over, if that
    /// is so soon. A service that heeds the preference answers with the status that the update has by then, one that does
    /// not with UPDATE_IN_PROGRESS, as ever. Source: RFC 7240, 4.3; not known to AWS's clients.
    package static let prefer = "Prefer"
    /// Ours, on `DescribeDataset` answers of this service only: the client token of the dataset's latest accepted
    /// update. A caller that finds its own token there knows that the status speaks of *its* update, and is spared
    /// sending the payload again to ask.
    package static let latestUpdateToken = "x-linefeed-latest-update-token"

    /// The `ServiceCode` of quota errors: what AWS calls the service.
    package static let serviceCode = "lookoutvision"

    package enum Query {
        package static let labeled = "labeled"
        package static let anomalyClass = "anomalyClass"
        package static let createdBefore = "createdBefore"
        package static let createdAfter = "createdAfter"
        package static let nextToken = "nextToken"
        package static let maxResults = "maxResults"
        package static let sourceRefContains = "sourceRefContains"
    }
}
