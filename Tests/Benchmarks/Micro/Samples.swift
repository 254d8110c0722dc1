internal import Labelling

/// Labelling events like those that the other benchmarks publish: about 350 bytes, each of an image of its own.
struct Samples {
    let values: [[UInt8]]
    var byteCount: Int { values.reduce(0) { $0 + $1.count } }

    init(count: Int, datasets: Int) {
        values = (0..<count).map { number in
            let noise = UInt64(number) &* 0x9E37_79B9_7F4A_7C15
            let isAnomaly = noise % 4 == 0
            let entry =
                #"{"source-ref":"s3://linefeed-benchmark/board-\#(number % datasets)/2026/11/\#(100_000_000 + number).jpg","#
                + #""anomaly-label":\#(isAnomaly ? 1 : 0),"anomaly-label-metadata":{"#
                + #""class-name":"\#(isAnomaly ? "anomaly" : "normal")","confidence":0.\#(1000 + noise % 9000),"#
                + #""human-annotated":"yes","creation-date":"2026-11-23T10:00:\#(10 + number % 50).000","#
                + #""type":"groundtruth/image-classification","job-name":"labeling-job/line-\#(noise % 16)"}}"#
            return Array(#"{"project":"board-\#(number % datasets)","datasetType":"train","entry":\#(entry)}"#.utf8)
        }
    }

    func decode(_ number: Int, with decoder: inout EventDecoder, _ body: (LabellingEvent) -> Void) {
        decoder.recycle()
        values[number].withUnsafeBytes { value in
            switch decoder.decode(value: value, projectHeader: nil, datasetTypeHeader: nil) {
            case .event(let event): body(event)
            case .tombstone, .rejected: preconditionFailure("the benchmark's own event is refused")
            }
        }
    }
}
