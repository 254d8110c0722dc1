/// The patterns of the service model, checked over UTF-8 bytes.
///
/// Nothing here is generic: other modules, which ask for every event and for every update, would run it unspecialised.
package enum Names {
    /// `[a-zA-Z0-9][a-zA-Z0-9_\-]*`, 1 to 255 characters (shape `ProjectName`).
    package static func isProjectName(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard Limits.projectNameCharacters.contains(bytes.count), let first = bytes.first, isAlphanumeric(first) else {
            return false
        }
        return bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
    }

    /// The same of text.
    package static func isProjectName(_ text: String) -> Bool { holds(text, isProjectName) }

    /// `^[a-zA-Z0-9-]+$`, 1 to 64 characters (shape `ClientToken`).
    package static func isClientToken(_ text: String) -> Bool {
        holds(text) { bytes in
            Limits.clientTokenCharacters.contains(bytes.count)
                && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    /// `[0-9A-Za-z\.\-_]*`, 3 to 63 characters (shape `S3BucketName`).
    package static func isBucketName(_ text: String) -> Bool {
        holds(text) { bytes in
            Limits.bucketNameCharacters.contains(bytes.count)
                && bytes.allSatisfy { isAlphanumeric($0) || ".-_".utf8.contains($0) }
        }
    }

    /// `^([a-zA-Z0-9!_.*'()-][/a-zA-Z0-9!_.*'()-]*)?$`, 1 to 1,024 characters (shape `S3ObjectKey`).
    package static func isObjectKey(_ text: String) -> Bool {
        holds(text) { bytes in
            Limits.objectKeyCharacters.contains(bytes.count) && bytes.first != UInt8(ascii: "/")
                && bytes.allSatisfy { isAlphanumeric($0) || "!_.*'()-/".utf8.contains($0) }
        }
    }

    private static func holds(_ text: String, _ pattern: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        var text = text
        return text.withUTF8 { pattern(UnsafeRawBufferPointer($0)) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26
    }
}
