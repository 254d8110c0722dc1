/// The form of every reference to an image or a mask: `s3://BUCKET/KEY`.
enum SourceReference {
    /// The bucket's part of `reference`, or nil where it is none, or has an empty bucket or key.
    static func bucket(of reference: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let scheme = 5
        guard reference.count > scheme, UnsafeRawBufferPointer(rebasing: reference[..<scheme]).equals("s3://") else {
            return nil
        }
        var slash = scheme
        while slash < reference.count, reference[slash] != UInt8(ascii: "/") { slash += 1 }
        guard slash > scheme, slash + 1 < reference.count else { return nil }
        return UnsafeRawBufferPointer(rebasing: reference[scheme..<slash])
    }
}
