/// The patterns of the service model, checked over UTF-8 bytes.
package enum Names {
    /// `[a-zA-Z0-9][a-zA-Z0-9_\-]*`, 1 to 255 characters (shape `ProjectName`).
    package static func isProjectName(_ bytes: some Collection<UInt8>) -> Bool {
        guard Limits.projectNameCharacters.contains(bytes.count), let first = bytes.first, isAlphanumeric(first) else {
            return false
        }
        return bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
    }

    /// `^[a-zA-Z0-9-]+$`, 1 to 64 characters (shape `ClientToken`).
    ///
    /// (Not generic: every update asks, and other modules would run generic code unspecialised, 3 µs of it.)
    package static func isClientToken(_ bytes: String.UTF8View) -> Bool {
        Limits.clientTokenCharacters.contains(bytes.count)
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    /// `[0-9A-Za-z\.\-_]*`, 3 to 63 characters (shape `S3BucketName`).
    package static func isBucketName(_ bytes: some Collection<UInt8>) -> Bool {
        Limits.bucketNameCharacters.contains(bytes.count)
            && bytes.allSatisfy { isAlphanumeric($0) || ".-_".utf8.contains($0) }
    }

    /// `^([a-zA-Z0-9!_.*'()-][/a-zA-Z0-9!_.*'()-]*)?$`, 1 to 1,024 characters (shape `S3ObjectKey`).
    package static func isObjectKey(_ bytes: some Collection<UInt8>) -> Bool {
        Limits.objectKeyCharacters.contains(bytes.count) && bytes.first != UInt8(ascii: "/")
            && bytes.allSatisfy { isAlphanumeric($0) || "!_.*'()-/".utf8.contains($0) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
