/// Times one step several times over and prints the median.
enum Measurement {
    private static let runs = 9

    static func printHeader() {
        print("step".padded(to: 44) + "events/s".aligned(12) + "MB/s".aligned(9) + "ns/event".aligned(10))
    }

    /// Each run of `body` deals with so many events, 0 where bytes are all there is, and so many bytes.
    static func run(_ name: String, events: Int, bytes: Int, _ body: () -> Void) {
        body()
        let clock = ContinuousClock()
        let seconds = (0..<runs).map { _ in clock.measure(body) / .seconds(1) }.sorted()[runs / 2]
        let rate = events > 0 ? "\(Int(Double(events) / seconds))" : "-"
        let nanoseconds = events > 0 ? "\(Int(seconds / Double(events) * 1e9))" : "-"
        print(
            name.padded(to: 44) + rate.aligned(12) + "\(Int(Double(bytes) / seconds / 1e6))".aligned(9)
                + nanoseconds.aligned(10))
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
    fileprivate func aligned(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
