import LookoutVision

/// Where a manifest is said to lie, as the model's `InputS3Object` names it.
struct ManifestAddress: Sendable, Hashable, CustomStringConvertible {
    let bucket: String
    let key: String

    /// Both must match the model's patterns.
    init?(bucket: String, key: String) {
        guard Names.isBucketName(bucket), Names.isObjectKey(key) else { return nil }
        self.bucket = bucket
        self.key = key
    }

    /// Reads what `description` wrote.
    init?(description: String) {
        guard let bucket = S3Address.bucket(of: description) else { return nil }
        self.init(bucket: String(bucket), key: String(description[bucket.endIndex...].dropFirst()))
    }

    /// `s3://BUCKET/KEY`
    var description: String { "s3://\(bucket)/\(key)" }
}
