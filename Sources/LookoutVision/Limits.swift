/// What the API accepts, in the units of the service model 2020-11-20.
package enum Limits {
    /// Bytes of a `Changes` payload before base64 (shape `DatasetChanges`).
    package static let changesBytes = 1...10_485_760
    /// Characters (Unicode scalars) of one JSON Line (shape `DatasetEntry`).
    package static let entryCharacters = 2...8192
    /// Characters of a project name (shape `ProjectName`).
    package static let projectNameCharacters = 1...255
    /// Characters of a client token (shape `ClientToken`).
    package static let clientTokenCharacters = 1...64
    /// `maxResults` of the listing operations (shape `PageSize`).
    package static let pageSize = 1...100
    /// Characters of `nextToken` (shape `PaginationToken`).
    package static let paginationTokenCharacters = 0...2048
    /// Characters of `sourceRefContains` (shape `QueryString`).
    package static let sourceRefContainsCharacters = 1...2048
    /// Characters of a manifest's bucket (shape `S3BucketName`).
    package static let bucketNameCharacters = 3...63
    /// Characters of a manifest's key (shape `S3ObjectKey`).
    package static let objectKeyCharacters = 1...1024
    /// How long a client token is remembered, in seconds (API reference, "ClientToken is active for 8 hours").
    package static let clientTokenLifeSeconds = 8 * 60 * 60
}
