internal import CoreMetrics
internal import Synchronization

/// What every handle of ours can tell at a scrape.
protocol MetricSeries: AnyObject, Sendable {
    /// Where the registry keeps it; nil for one that it refused, which counts for nobody.
    var place: SeriesPlace? { get }
    var value: MetricFamily.Value { get }
}

/// A series by the name of its family and its labels.
struct SeriesPlace: Sendable, Hashable {
    var family: String
    var labels: [MetricFamily.Label]
}

/// A number that only grows; one atomic addition an increment.
final class CounterSeries: MetricSeries, CounterHandler, FloatingPointCounterHandler {
    let place: SeriesPlace?
    private let whole = Atomic<Int64>(0)
    private let fraction = AtomicDouble()

    init(_ place: SeriesPlace?) {
        self.place = place
    }

    /// A negative amount would look like a restart of the process to Prometheus, so it counts for nothing.
    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        whole.wrappingAdd(amount, ordering: .relaxed)
    }

    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        fraction.add(amount)
    }

    func reset() {
        whole.store(0, ordering: .relaxed)
        fraction.store(0)
    }

    var value: MetricFamily.Value { .number(Double(whole.load(ordering: .relaxed)) + fraction.load()) }
}

/// A number that goes up and down.
final class GaugeSeries: MetricSeries, MeterHandler, RecorderHandler {
    let place: SeriesPlace?
    private let number = AtomicDouble()

    init(_ place: SeriesPlace?) {
        self.place = place
    }

    func set(_ value: Int64) { number.store(Double(value)) }
    func set(_ value: Double) { number.store(value) }
    func increment(by amount: Double) { number.add(amount) }
    func decrement(by amount: Double) { number.add(-amount) }
    func record(_ value: Int64) { number.store(Double(value)) }
    func record(_ value: Double) { number.store(value) }

    var value: MetricFamily.Value { .number(number.load()) }
}

/// How values spread. Count, bucket and sum change together, under a lock that only the users of this series share.
final class HistogramSeries: MetricSeries, RecorderHandler, TimerHandler {
    private struct State {
        var counts: [UInt64]
        var sum = 0.0
    }

    let place: SeriesPlace?
    let bounds: [Double]
    private let state: Mutex<State>

    init(_ place: SeriesPlace?, bounds: [Double]) {
        self.place = place
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func record(_ value: Int64) { record(Double(value)) }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1_000_000_000) }

    /// A value that is no number would spoil the sum for ever, so it is left out.
    func record(_ value: Double) {
        guard value.isFinite else { return }
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock {
            $0.counts[bucket] += 1
            $0.sum += value
        }
    }

    var value: MetricFamily.Value {
        state.withLock { .distribution(.init(bounds: bounds, counts: $0.counts, sum: $0.sum)) }
    }
}

/// A `Double` that threads share.
private struct AtomicDouble: ~Copyable {
    private let bits = Atomic<UInt64>(0)

    borrowing func load() -> Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
    borrowing func store(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    borrowing func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (exchanged, found) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if exchanged { return }
            old = found
        }
    }
}
