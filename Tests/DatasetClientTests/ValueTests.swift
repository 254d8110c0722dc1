import Testing

@testable import DatasetClient

@Suite struct RetryAfterTests {
    /// Sun, 06 Nov 1994 08:49:37 GMT
    private static let moment = 784_111_777

    @Test(arguments: [
        ("0", 0), ("17", 17), ("86401", 86400), ("99999999999999999999999", 86400),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 60), ("Sunday, 06-Nov-94 08:49:37 GMT", 60),
        ("Sun Nov  6 08:49:37 1994", 60), ("Sun, 06 Nov 1994 08:48:00 GMT", 0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 86400),
    ])
    func seconds(_ value: String, _ expected: Int) {
        let isTwoDigitYear = value.hasPrefix("Sunday")
        // A year of two digits is of this century.
        let now = isTwoDigitYear ? Self.moment + 3_155_760_000 - 60 : Self.moment - 60
        #expect(RetryAfter.seconds(value, now: now) == expected)
    }

    @Test(arguments: [
        "", "-1", "1.5", "soon", "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 08:49", ",,,,,,,,", "\u{664}\u{662}",
        "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
    ])
    func whatIsNeitherNumberNorDate(_ value: String) {
        #expect(RetryAfter.seconds(value, now: Self.moment) == nil)
    }
}

@Suite struct BackoffTests {
    private let backoff = Backoff(base: .milliseconds(100), cap: .seconds(5), retryAfterCap: .seconds(30))

    @Test func doublesUpToTheCap() {
        let delays = (0..<8).map { backoff.delay(attempt: $0, retryAfterSeconds: nil) { $0 } }
        #expect(delays == [100, 200, 400, 800, 1600, 3200, 5000, 5000].map { .milliseconds($0) })
        #expect(backoff.delay(attempt: .max, retryAfterSeconds: nil) { $0 } == .seconds(5))
    }

    @Test func theServiceIsObeyedWithinBounds() {
        #expect(backoff.delay(attempt: 0, retryAfterSeconds: 7) { $0 } == .seconds(7))
        #expect(backoff.delay(attempt: 0, retryAfterSeconds: 3600) { $0 } == .seconds(30))
        #expect(backoff.delay(attempt: 0, retryAfterSeconds: .max) { $0 } == .seconds(30))
        #expect(backoff.delay(attempt: 0, retryAfterSeconds: 0) { $0 } == .milliseconds(100))
        #expect(backoff.delay(attempt: 0, retryAfterSeconds: -5) { _ in .zero } == .zero)
    }

    @Test func theSystemsDiceStayInRange() {
        for _ in 0..<1000 {
            let jitter = TimeSource.system.jitter(.seconds(3))
            #expect(jitter >= .zero && jitter <= .seconds(3))
        }
    }
}

@Suite struct EndpointTests {
    @Test(arguments: [
        ("http://localhost:8080", "http://localhost:8080"), ("HTTPS://Example.COM", "https://example.com"),
        ("http://h:80/", "http://h"), ("https://h:443", "https://h"), ("https://h:80", "https://h:80"),
        ("http://[::1]:9000/base//path/", "http://[::1]:9000/base/path"), ("http://[::1]", "http://[::1]"),
    ])
    func isRead(_ text: String, _ expected: String) throws {
        #expect(try Endpoint(text).description == expected)
    }

    @Test(arguments: [
        ("http://h", "h", 80, false), ("https://h", "h", 443, false), ("http://h:8080/p", "h", 8080, false),
        ("http://127.0.0.1:1", "127.0.0.1", 1, true), ("https://[::1]", "::1", 443, true),
        ("http://[::1]:8080", "::1", 8080, true),
    ])
    func whereConnectionsLead(_ text: String, _ host: String, _ port: Int, isAddress: Bool) throws {
        let endpoint = try Endpoint(text)
        #expect(endpoint.host == host && endpoint.port == port && (endpoint.address != nil) == isAddress)
    }

    @Test(arguments: [
        "", "localhost:8080", "ftp://h", "http://", "http:///path", "http://:80", "http://h:", "http://h:0",
        "http://h:65536", "http://h:8x", "http://[::1", "http://[]", "http://[::1]x", "http://h?q", "http://h#f",
        "http://h /", "http://user:hidden@h/", "http://h\r\nX: y", "http://h/\u{e9}", "http://a|b", "http://[::1|]",
        "http://h:-1", "http://h:+80",
    ])
    func whatIsNoEndpointIsRefused(_ text: String) {
        let error = #expect(throws: Endpoint.Invalid.self) { try Endpoint(text) }
        #expect(error?.description.contains("hidden") == false)
    }
}
