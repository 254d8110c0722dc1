import Testing

@testable import SigV4

@Suite struct CivilTimeTests {
    @Test(arguments: [
        (0, "19700101T000000Z"), (-1, "19691231T235959Z"), (951_782_400, "20000229T000000Z"),
        (1_440_938_160, "20150830T123600Z"), (1_709_164_799, "20240228T235959Z"), (4_107_542_400, "21000301T000000Z"),
        (253_402_300_799, "99991231T235959Z"), (-62_135_596_800, "00010101T000000Z"),
    ])
    func timestampOfKnownMoments(_ seconds: Int, _ timestamp: String) {
        let date = SigningDate(secondsSince1970: seconds)
        #expect(date.timestamp == timestamp)
        #expect(date.day == timestamp.prefix(8))
    }

    @Test func everyDayOfEightCenturiesComesBack() {
        for day in stride(from: -141_000, to: 151_000, by: 1) {
            let seconds = day * 86400 + (day % 7 + 7) * 6000
            let time = CivilTime(secondsSince1970: seconds)
            #expect(time.secondsSince1970 == seconds)
        }
    }

    @Test func whatIsNoDateIsRefused() {
        #expect(CivilTime(year: 2023, month: 2, day: 29, hour: 0, minute: 0, second: 0) == nil)
        #expect(CivilTime(year: 2024, month: 2, day: 29, hour: 0, minute: 0, second: 0) != nil)
        #expect(CivilTime(year: 1900, month: 2, day: 29, hour: 0, minute: 0, second: 0) == nil)
        #expect(CivilTime(year: 2024, month: 13, day: 1, hour: 0, minute: 0, second: 0) == nil)
        #expect(CivilTime(year: 2024, month: 4, day: 31, hour: 0, minute: 0, second: 0) == nil)
        #expect(CivilTime(year: 2024, month: 1, day: 1, hour: 24, minute: 0, second: 0) == nil)
    }
}
