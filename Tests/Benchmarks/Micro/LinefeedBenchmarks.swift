internal import Crypto
internal import DatasetClient
internal import Labelling
internal import LookoutVision
internal import NIOCore
internal import Settlement
internal import SigV4

/// What an event and a batch cost, step by step, on one thread and without any I/O.
@main
struct LinefeedBenchmarks {
    private static let events = 100_000
    private static let datasets = 40

    static func main() async {
        let samples = Samples(count: events, datasets: datasets)
        print("\(events) events, \(samples.byteCount / events) bytes each, \(datasets) datasets;", terminator: " ")
        print("JSON tokens by \(EventDecoder.implementation)")
        Measurement.printHeader()
        decode(samples)
        let batches = gather(samples)
        send(batches)
        sign()
        for lanes in [10, 100, 1000] { ledger(lanes: lanes) }
        // The client's blocks are made on whatever thread asks; here that is this one.
        await encode(batches)
    }

    private static func decode(_ samples: Samples) {
        var decoder = EventDecoder()
        Measurement.run("decode", events: events, bytes: samples.byteCount) {
            for number in samples.values.indices { samples.decode(number, with: &decoder) { _ in } }
        }
    }

    /// Decode, find the lane, write the line, supersede; then cut.
    private static func gather(_ samples: Samples) -> [Call] {
        var calls: [Call] = []
        var decoder = EventDecoder()
        Measurement.run("decode, gather and cut", events: events, bytes: samples.byteCount) {
            let machine = Machine(partitions: 1)
            for number in samples.values.indices {
                samples.decode(number, with: &decoder) { event in machine.append(event, partition: 0) }
            }
            calls = machine.settleAll()
        }
        return calls
    }

    private static func send(_ calls: [Call]) {
        let bytes = calls.reduce(0) { $0 + $1.batch.payloadByteCount(of: $1.piece) }
        Measurement.run("base64, body hash", events: events, bytes: bytes) {
            for call in calls { _ = body(of: call).digest }
        }
        let bodies = calls.map(body(of:))
        Measurement.run("SHA-256 of payloads", events: events, bytes: bytes) {
            for body in bodies { _ = body.payloadDigest }
        }
        func token(_ call: Call, _ body: UpdateBody) -> String {
            ClientToken.make(
                group: "g", topic: "t", batch: call.batch, piece: call.piece, generation: 0, attempt: 0,
                contentSHA256: body.digest)
        }
        let tokenBytes = zip(calls, bodies).reduce(0) { $0 + token($1.0, $1.1).utf8.count }
        Measurement.run("client tokens (the tokens' bytes)", events: calls.count, bytes: tokenBytes) {
            for (call, body) in zip(calls, bodies) { _ = token(call, body) }
        }
    }

    private static func encode(_ calls: [Call]) async {
        let bytes = calls.reduce(0) { $0 + $1.batch.payloadByteCount(of: $1.piece) }
        let bodies = calls.map(body(of:))
        Measurement.run("base64 into blocks for the wire", events: events, bytes: bytes) {
            for body in bodies {
                var blocks = body.blocks(of: UpdateBody.payloadBytesOfAWrite)
                while let block = blocks.next() { blocks.reuse(block) }
            }
        }
    }

    private static func body(of call: Call) -> UpdateBody {
        UpdateBody(keeping: call.batch) { chunk in call.batch.forEachPayloadChunk(of: call.piece, chunk) }
    }

    private static func sign() {
        let signer = Signer(region: "us-east-1", service: WireNames.signingName)
        let credentials = Credentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "example")
        let digest = SHA256.hash(data: [UInt8]()).withUnsafeBytes(Hexadecimal.encode)
        let path = "/2020-11-20/projects/board/datasets/train/entries"
        let headers = [(name: "Host", value: "127.0.0.1:8080"), (name: "Content-Type", value: "application/json")]
        func sign(_ second: Int) -> [(name: String, value: String)] {
            signer.headers(
                signing: "PATCH", path: path, query: "", headers: headers, payloadSHA256: digest,
                credentials: credentials, date: SigningDate(secondsSince1970: second))
        }
        let request = CanonicalRequest(
            method: "PATCH", path: path, query: "", headers: headers + sign(0).dropLast(), payloadSHA256: digest)
        Measurement.run("signatures (the canonical requests' bytes)", events: 1000, bytes: 1000 * request.bytes.count) {
            for second in 0..<1000 { _ = sign(second) }
        }
    }

    /// What it takes to write the ledger of a partition in which so many datasets have something unsettled.
    private static func ledger(lanes: Int) {
        let machine = Machine(partitions: 1, concurrency: lanes, ledgerCharacters: 1 << 20)
        let samples = Samples(count: lanes, datasets: lanes)
        var decoder = EventDecoder()
        var bytes = 0
        func round() -> Int {
            for number in 0..<lanes {
                samples.decode(number, with: &decoder) { event in machine.append(event, partition: 0) }
            }
            return machine.cutAll()
        }
        bytes = round()
        Measurement.run("cut and ledger, \(lanes) datasets in flight", events: lanes, bytes: bytes) {
            machine.finishAll()
            _ = round()
        }
    }
}
