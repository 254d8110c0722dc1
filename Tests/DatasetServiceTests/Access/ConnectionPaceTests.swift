import NIOCore
import Testing

@testable import DatasetService

@Suite("Pace of a connection")
struct ConnectionPaceTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    private let limits: ConnectionLimits = {
        var limits = ConnectionLimits()
        limits.firstHead = .seconds(10)
        limits.idle = .seconds(50)
        limits.grace = .seconds(20)
        limits.leastBytesPerSecond = 100
        limits.linger = .seconds(5)
        return limits
    }()

    private func expect(
        _ pace: inout ConnectionPace, at now: NIODeadline, _ wanted: ConnectionPace.Verdict, _ comment: Comment? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let verdict = pace.judge(now: now)
        #expect(verdict == wanted, comment, sourceLocation: sourceLocation)
    }

    private func expectAnswer(
        of pace: inout ConnectionPace, toBeLast isLast: Bool, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let says = pace.answers()
        #expect(says == isLast, sourceLocation: sourceLocation)
    }

    private func at(_ seconds: Int) -> NIODeadline { start + .seconds(Int64(seconds)) }

    @Test("The first head has its time, and the next ones the idle time")
    func heads() {
        var pace = ConnectionPace(limits: limits, now: start)
        expect(&pace, at: at(9), .wait(until: at(10)))
        expect(&pace, at: at(10), .close)
        pace = ConnectionPace(limits: limits, now: start)
        pace.head(now: at(9))
        pace.end()
        expect(&pace, at: at(10_000), .wait(until: nil), "the answer may take as long as it takes")
        expectAnswer(of: &pace, toBeLast: false)
        pace.answered(now: at(10_000))
        expect(&pace, at: at(10_000), .wait(until: at(10_050)))
        expect(&pace, at: at(10_050), .close)
    }

    @Test("A body has the grace, and time by its bytes; then it is interrupted once, and the answer is the last")
    func bodies() {
        var pace = ConnectionPace(limits: limits, now: start)
        pace.head(now: at(0))
        expect(&pace, at: at(0), .wait(until: at(20)))
        pace.body(bytes: 1000)
        expect(&pace, at: at(29), .wait(until: at(30)))
        pace.body(bytes: 1)
        expect(&pace, at: at(31), .interrupt)
        expect(&pace, at: at(31), .wait(until: nil))
        expectAnswer(of: &pace, toBeLast: true)
        pace.answered(now: at(32))
        #expect(pace.isLingering)
        expect(&pace, at: at(36), .wait(until: at(37)))
        expect(&pace, at: at(37), .close)
    }

    @Test("An answer before the end of its request is the last, though the end comes after all")
    func earlyAnswer() {
        var pace = ConnectionPace(limits: limits, now: start)
        pace.head(now: at(0))
        expectAnswer(of: &pace, toBeLast: true)
        pace.end()
        pace.answered(now: at(1))
        #expect(pace.isLingering)
    }

    @Test("Requests that are sent ahead wait for their turn")
    func pipelining() {
        var pace = ConnectionPace(limits: limits, now: start)
        pace.head(now: at(0))
        pace.end()
        pace.head(now: at(0))
        expect(&pace, at: at(100), .wait(until: nil), "the first answer keeps the second body waiting")
        expectAnswer(of: &pace, toBeLast: false)
        pace.answered(now: at(100))
        #expect(!pace.isLingering)
        expect(&pace, at: at(100), .wait(until: at(120)))
        pace.end()
        expectAnswer(of: &pace, toBeLast: false)
        pace.answered(now: at(101))
        expect(&pace, at: at(101), .wait(until: at(151)))
    }

    @Test("An answer has to be taken in time")
    func writing() {
        var pace = ConnectionPace(limits: limits, now: start)
        pace.head(now: at(0))
        pace.end()
        pace.written(bytes: 0, now: at(0))
        pace.written(bytes: 2000, now: at(0))
        expect(&pace, at: at(0), .wait(until: at(40)))
        pace.taken()
        expect(&pace, at: at(39), .wait(until: at(40)))
        var late = pace
        expect(&late, at: at(40), .abort)
        pace.taken()
        expect(&pace, at: at(40), .wait(until: nil))
    }
}
