internal import Crypto
package import Labelling

/// How a ledger calls a lane.
package enum LaneName: Sendable, Hashable {
    case dataset(DatasetKey)
    /// `LaneDigest.hash` of the dataset's key, where names need more room than there is.
    ///
    /// No two lanes that had events between the watermark and the position of whoever wrote this share the hash. A
    /// lane that its writer did not know may: all its events come later than anything that is said here, so what is
    /// said is true of it too.
    case hash(UInt32)
    /// The lane of the records that belong to no dataset.
    case noDataset
}

/// The first 64 bits of the SHA-256 of a dataset's key, `project/type`: what ledgers know a lane by.
package struct LaneDigest: Sendable, Hashable {
    let value: UInt64

    init(value: UInt64) { self.value = value }

    package init(_ dataset: DatasetKey) {
        var hash = SHA256()
        var key = dataset.description
        key.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        value = hash.finalize().prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// What stands for a name.
    package var hash: UInt32 { UInt32(truncatingIfNeeded: value >> 32) }
}
