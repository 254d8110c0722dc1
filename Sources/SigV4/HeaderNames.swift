/// The names of headers in lower case, and the order in which they are signed: sorted, repeats as they came.
///
/// They stand in one piece of memory, since every request is signed.
struct HeaderNames {
    struct Entry {
        /// In `bytes`.
        let name: Range<Int>
        /// Whose name it is.
        let header: Int
    }

    private(set) var bytes: [UInt8] = []
    private(set) var inOrder: [Entry] = []

    init(_ headers: [(name: String, value: String)]) {
        bytes.reserveCapacity(128)
        inOrder.reserveCapacity(headers.count)
        for (number, header) in headers.enumerated() {
            let start = bytes.count
            // Source: RFC 9110, 5.6.2: a name is a token, all of it ASCII.
            for byte in header.name.utf8 {
                bytes.append(UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte)
            }
            inOrder.append(Entry(name: start..<bytes.count, header: number))
        }
        bytes.withUnsafeBufferPointer { bytes in
            inOrder.sort { left, right in
                let (first, second) = (bytes[left.name], bytes[right.name])
                if first.lexicographicallyPrecedes(second) { return true }
                return left.header < right.header && first.elementsEqual(second)
            }
        }
    }

    /// Whether the name at this place is the one before it again.
    func isRepeated(at position: Int) -> Bool {
        position > 0 && bytes[inOrder[position].name].elementsEqual(bytes[inOrder[position - 1].name])
    }
}
