internal import DequeModule
internal import Kafka
internal import Logging

/// The way of records from librdkafka to the settlement machine, in order: they gather in batches, and where they come
/// thick and fast, full batches are decoded by another thread while the poll thread polls for more and settles those before.
///
/// Where they come slowly, a batch is never full before the poll thread's round ends, and no other thread is woken.
struct Intake {
    private let queue = DecodingQueue()
    private let logger: Logger
    private var filling: RecordBatch
    /// Handed over to be decoded, in order.
    private var handedOver: Deque<RecordBatch> = []
    private var thread = Thread.none

    private enum Thread { case none, running, impossible }

    /// Batches that are handed over and not settled yet.
    var waitingCount: Int { handedOver.count }

    /// What waits here was taken from librdkafka, and counts towards no limit but these.
    private static let mostHandedOver = 8
    private static let mostBytes = 2 << 20

    init(logger: Logger) {
        self.logger = logger
        filling = queue.takeFree()
    }

    /// - Returns: whether `next` should be called.
    mutating func add(_ record: consuming Record) -> Bool {
        filling.append(record)
        return filling.isFull
    }

    /// The next batch, if it has been decoded by now, or if there are so many that it has to be waited for. To be called
    /// until there is none; each batch goes to `giveBack` afterwards.
    mutating func next() -> RecordBatch? {
        if filling.isFull { handOver() }
        guard let first = handedOver.first else { return nil }
        let isTooMuch =
            handedOver.count >= Self.mostHandedOver || handedOver.reduce(0) { $0 + $1.byteCount } >= Self.mostBytes
        guard first.isDecoded || isTooMuch else { return nil }
        return nextDecoded()
    }

    /// The next batch, decoded, for as long as there is any record at all.
    mutating func drain() -> RecordBatch? {
        if filling.count > 0 {
            // Nobody is woken for what is quickly done.
            if handedOver.isEmpty { filling.decode() } else { queue.add(filling) }
            handedOver.append(filling)
            filling = queue.takeFree()
        }
        return handedOver.isEmpty ? nil : nextDecoded()
    }

    mutating func giveBack(_ batch: RecordBatch) {
        // Nobody is woken for what is quickly done.
        if thread == .running, batch.isFull { return queue.giveBack(batch) }
        batch.clear()
        queue.keep(batch)
    }

    /// Gives every record back to librdkafka, settled or not, and ends the thread.
    mutating func close() {
        queue.close(hasThread: thread == .running)
        thread = .impossible
        handedOver = []
        filling.clear()
    }

    private mutating func handOver() {
        if thread == .none { startThread() }
        if thread == .running { queue.add(filling) } else { filling.decode() }
        handedOver.append(filling)
        filling = queue.takeFree()
    }

    private mutating func nextDecoded() -> RecordBatch? {
        guard let first = handedOver.popFirst() else { return nil }
        // Rather decode another one than wait.
        while !first.isDecoded, let other = queue.takeUndecoded() { other.decode() }
        first.waitUntilDecoded()
        return first
    }

    private mutating func startThread() {
        do throws(KafkaError) {
            // It is woken for every batch. Did it run at once, the poll thread would stand still meanwhile, and often another
            // processor too.
            try DedicatedThread.start("kafka-decoder", waitsWhenWoken: true) { [queue] in queue.run() }
            thread = .running
        } catch {
            logger.warning("Decoding goes on without a thread of its own", metadata: ["error": "\(error)"])
            thread = .impossible
        }
    }
}
