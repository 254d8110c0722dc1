/// When the records of a partition were published, from the lowest unsettled one on: coarse, but of bounded size.
///
/// A sample stands for all records up to the next one. One is taken where the timestamp has moved by `resolution`; when
/// there are too many, every other one goes and the resolution doubles.
struct TimestampTrack {
    private struct Sample {
        var offset: Int64
        var milliseconds: Int64
    }

    private var samples: [Sample] = []
    private var first = 0
    private var resolution: Int64 = 50
    private var lastOffset: Int64 = -1
    private static let limit = 4096
    private static let coarsest: Int64 = 3_600_000

    /// A record was read. Those that are read again are known already.
    mutating func note(_ offset: Int64, milliseconds: Int64) {
        guard offset > lastOffset else { return }
        lastOffset = offset
        if samples.count > first, abs(milliseconds - samples[samples.count - 1].milliseconds) < resolution { return }
        samples.append(Sample(offset: offset, milliseconds: milliseconds))
        if samples.count - first > Self.limit { thinOut() }
    }

    /// Milliseconds since 1970 of about the record at `offset`; nil where none was noted at or below it.
    func milliseconds(at offset: Int64) -> Int64? {
        var low = first
        var high = samples.count
        while low < high {
            let middle = (low + high) / 2
            if samples[middle].offset <= offset { low = middle + 1 } else { high = middle }
        }
        return low > first ? samples[low - 1].milliseconds : nil
    }

    /// Nothing below `watermark` will be asked for any more.
    mutating func forget(below watermark: Int64) {
        while first + 1 < samples.count, samples[first + 1].offset <= watermark { first += 1 }
        if first > Self.limit {
            samples.removeFirst(first)
            first = 0
        }
    }

    private mutating func thinOut() {
        let kept = samples[first...].enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
        samples = kept
        first = 0
        // Timestamps come from senders: those that leap to and fro are thinned out all the same.
        resolution = min(resolution * 2, Self.coarsest)
    }
}
