/// Header and query names of the wire format (service model 2020-11-20; header names compare without case).
package enum WireNames {
    /// What signatures are scoped to.
    package static let signingName = "lookoutvision"
    package static let clientToken = "X-Amzn-Client-Token"
    package static let errorType = "x-amzn-ErrorType"
    package static let requestID = "x-amzn-RequestId"
    package static let retryAfter = "Retry-After"
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
