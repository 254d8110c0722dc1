/// Makes bytes that nobody meant out of bytes that somebody did.
struct Mutator {
    /// What the format is sensitive to; put in where it does not belong.
    let tokens: [[UInt8]]
    let corpus: [[UInt8]]

    init(corpus: [[UInt8]], tokens: [String]) {
        self.corpus = corpus
        self.tokens = tokens.map { Array($0.utf8) }
    }

    func make(_ random: inout FuzzRandom) -> [UInt8] {
        guard var bytes = corpus.randomElement(using: &random) else { return [] }
        // Mostly one or two changes, which get far; sometimes many.
        for _ in 0..<(1 << Int.random(in: 0...3, using: &random)) where Int.random(in: 0..<4, using: &random) > 0 {
            mutate(&bytes, &random)
        }
        return bytes
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout FuzzRandom) {
        let at = Int.random(in: 0...bytes.count, using: &random)
        let range = at..<min(bytes.count, at + Int.random(in: 0...16, using: &random))
        switch Int.random(in: 0..<11, using: &random) {
        case 0: if at < bytes.count { bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
        case 1: if at < bytes.count { bytes[at] = UInt8.random(in: 0...255, using: &random) }
        case 2: bytes.removeSubrange(range)
        case 3: bytes.insert(contentsOf: bytes[range], at: at)
        case 4, 5: bytes.insert(contentsOf: tokens.randomElement(using: &random) ?? [], at: at)
        case 6: bytes.replaceSubrange(range, with: tokens.randomElement(using: &random) ?? [])
        case 7: bytes.removeSubrange(at...)
        case 8:
            // One beginning, another's end.
            let other = corpus.randomElement(using: &random) ?? []
            let from = Int.random(in: 0...other.count, using: &random)
            bytes = Array(bytes[..<at] + other[from...])
        case 9:
            let count = 1 << Int.random(in: 0...12, using: &random)
            bytes.insert(contentsOf: repeatElement(UInt8.random(in: 0...255, using: &random), count: count), at: at)
        default:
            // A number that is not the one.
            if let digit = bytes[at...].firstIndex(where: { (0x30...0x39).contains($0) }) {
                let numbers = ["0", "-1", "00", "4294967296", "9223372036854775808", "1e9", "0x10", "٣"]
                bytes.replaceSubrange(digit...digit, with: Array((numbers.randomElement(using: &random) ?? "").utf8))
            }
        }
        if bytes.count > 200_000 { bytes.removeSubrange(200_000...) }
    }
}
