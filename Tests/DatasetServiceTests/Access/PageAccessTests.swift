import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import DatasetService

@Suite("Access to what is not the API")
struct PageAccessTests {
    private func access(isTLS: Bool = false, clock: ManualClock = ManualClock()) throws -> PageAccess {
        let folder = FileManager.default.temporaryDirectory.appending(path: "linefeed-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "keys.yaml")
        try Data(
            """
            keys:
              - {id: ALL, secret: "all:1234567890123456", projects: {"*": read}}
              - {id: SOME, secret: "some1234567890123456", projects: {"a*": admin}}
            """.utf8
        ).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        return PageAccess(
            keys: try KeyRing(path: file.path), isTLS: isTLS, failures: FailedAttempts(now: { clock.now }))
    }

    private func status(
        _ access: PageAccess, _ authorization: String?, method: HTTPRequest.Method = .get, endpoint: String = "/",
        from client: String = "127.0.0.1"
    ) throws -> Int? {
        try fault(access, authorization, method: method, endpoint: endpoint, from: client)?.status.code
    }

    private func fault(
        _ access: PageAccess, _ authorization: String?, method: HTTPRequest.Method = .get, endpoint: String = "/",
        from client: String = "127.0.0.1"
    ) throws -> ServiceFault? {
        let client = try SocketAddress(ipAddress: client, port: 1)
        var head = HTTPRequest(method: method, scheme: nil, authority: "localhost", path: endpoint)
        head.headerFields[.authorization] = authorization
        do throws(ServiceFault) {
            _ = try access.caller(
                of: Request(head: head, body: RequestBody(buffer: .init())), endpoint: endpoint, from: client)
            return nil
        } catch {
            return error
        }
    }

    private func basic(_ text: String) -> String { "Basic \(Data(text.utf8).base64EncodedString())" }

    @Test("A key that may read everything opens it with its secret, to look")
    func whoMayLook() throws {
        let access = try access()
        let right = basic("ALL:all:1234567890123456")
        #expect(try status(access, right) == nil)
        #expect(try status(access, right.replacing("Basic", with: "basic")) == nil)
        #expect(try status(access, right, method: .head) == nil)
        #expect(try status(access, right, method: .post) == 405)
        for wrong in [
            nil, "", "Basic", "Basic !!!", basic("ALL"), basic("ALL:"), basic("ALL:all:1234567890123457"),
            basic("NONE:all:1234567890123456"), "Bearer x",
        ] {
            #expect(try status(access, wrong) == 401, "\(wrong ?? "nothing")")
        }
        #expect(try status(access, basic("SOME:some1234567890123456")) == 403)
    }

    @Test("A secret is taken over TLS or from the machine itself only")
    func whereFrom() throws {
        let right = basic("ALL:all:1234567890123456")
        #expect(try status(access(), right, from: "10.0.0.7") == 403)
        #expect(try status(access(isTLS: true), right, from: "10.0.0.7") == nil)
    }

    @Test("Whether the service is alive may be asked by anybody")
    func health() throws {
        for endpoint in PageAccess.openEndpoints {
            #expect(try status(access(), nil, endpoint: endpoint, from: "10.0.0.7") == nil)
        }
        #expect(try status(access(), nil, endpoint: "/metrics", from: "10.0.0.7") == 403)
    }

    @Test("Who is wrong ten times waits, and right or wrong is the same until then; others come in")
    func attempts() throws {
        let clock = ManualClock()
        let access = try access(isTLS: true, clock: clock)
        let right = basic("ALL:all:1234567890123456")
        func guesses(_ count: Int, from client: String) throws -> [Int?] {
            try (0..<count).map { try status(access, basic("ALL:guess-\($0)"), from: client) }
        }
        #expect(try guesses(11, from: "10.0.0.7") == Array(repeating: 401, count: 10) + [429])
        let fault = try #require(try fault(access, right, from: "10.0.0.7"))
        #expect(fault.status.code == 429 && fault.type == "ThrottlingException" && fault.retryAfterSeconds == 6)
        #expect(try fault.response().headers[.wwwAuthenticate] == nil)
        // To be asked for the name and the secret is no guess, and another address has made none.
        #expect(try status(access, nil, from: "10.0.0.7") == 401)
        #expect(try status(access, right, from: "10.0.0.8") == nil)
        clock.advance(seconds: 6)
        #expect(try status(access, right, from: "10.0.0.7") == nil)
        #expect(try guesses(2, from: "10.0.0.7") == [401, 429])
        // A customer's network is one client, and so is an address of version 4 however it is written.
        #expect(try guesses(10, from: "2001:db8::1").last == 401)
        #expect(try status(access, right, from: "2001:db8::ffff:2") == 429)
        #expect(try status(access, right, from: "2001:db8:0:1::2") == nil)
        #expect(try status(access, right, from: "::ffff:10.0.0.7") == 429)
        #expect(try status(access, right, from: "::ffff:10.0.0.8") == nil)
    }

    @Test("However many addresses guess, those that came first are known and the others share an account")
    func manyClients() throws {
        let clock = ManualClock()
        let failures = FailedAttempts(now: { clock.now })
        func address(_ number: Int) throws -> SocketAddress {
            try SocketAddress(ipAddress: "10.\(number >> 16).\(number >> 8 & 255).\(number & 255)", port: 1)
        }
        for number in 0..<4_096 { failures.note(try address(number)) }
        for number in 10_000..<10_010 {
            #expect(failures.wait(of: try address(number)) == nil)
            failures.note(try address(number))
        }
        #expect(failures.wait(of: try address(20_000)) == 6)
        #expect(failures.wait(of: try address(1)) == nil)
        // Whoever has waited long enough is forgotten, which makes room.
        clock.advance(seconds: 60)
        failures.note(try address(20_000))
        for _ in 0..<9 { failures.note(try address(20_000)) }
        #expect(failures.wait(of: try address(20_000)) == 6)
        #expect(failures.wait(of: try address(20_001)) == nil)
    }
}
