import Testing

@testable import DatasetService

@Suite("Dates")
struct TimestampTests {
    @Test(
        "ISO 8601 in the forms that clients and manifests use",
        arguments: [
            ("1970-01-01T00:00:00Z", Int64(0)),
            ("2022-08-22T20:52:51.851Z", 1_661_201_571_851_000),
            ("2022-04-28T00:35:57.102", 1_651_106_157_102_000),
            ("2022-04-28T02:35:57.1020009+02:00", 1_651_106_157_102_000),
            ("2022-04-27 20:35:57-0400", 1_651_106_157_000_000),
            ("2024-02-29T12:00:00Z", 1_709_208_000_000_000),
            ("2000-03-01T00:00:00Z", 951_868_800_000_000),
            ("1969-12-31T23:59:59Z", -1_000_000),
        ])
    func reads(text: String, microseconds: Int64) {
        #expect(Timestamp(iso8601: text)?.microseconds == microseconds)
    }

    @Test(
        "Anything else is no date",
        arguments: [
            "", "2022", "2022-08-22", "2022-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "2022-08-22T24:00:00Z",
            "2022-08-22T20:52:51.Z", "2022-08-22T20:52:51+2", "2022-08-22T20:52:51Zx",
            "Mon Aug 22 2022 13:52:52 GMT-0700 (Pacific Daylight Time)",
        ])
    func refuses(text: String) {
        #expect(Timestamp(iso8601: text) == nil)
    }
}
