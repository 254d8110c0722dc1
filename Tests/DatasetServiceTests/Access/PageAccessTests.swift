import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import DatasetService

@Suite("Access to what is not the API")
struct PageAccessTests {
    private func access(isTLS: Bool = false) throws -> PageAccess {
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
        return PageAccess(keys: try KeyRing(path: file.path), isTLS: isTLS)
    }

    private func status(
        _ access: PageAccess, _ authorization: String?, method: HTTPRequest.Method = .get, endpoint: String = "/",
        isLocal: Bool = true
    ) -> Int? {
        var head = HTTPRequest(method: method, scheme: nil, authority: "localhost", path: endpoint)
        head.headerFields[.authorization] = authorization
        do {
            _ = try access.caller(
                of: Request(head: head, body: RequestBody(buffer: .init())), endpoint: endpoint, isLocal: isLocal)
            return nil
        } catch {
            return error.status.code
        }
    }

    private func basic(_ text: String) -> String { "Basic \(Data(text.utf8).base64EncodedString())" }

    @Test("A key that may read everything opens it with its secret, to look")
    func whoMayLook() throws {
        let access = try access()
        let right = basic("ALL:all:1234567890123456")
        #expect(status(access, right) == nil)
        #expect(status(access, right.replacing("Basic", with: "basic")) == nil)
        #expect(status(access, right, method: .head) == nil)
        #expect(status(access, right, method: .post) == 405)
        for wrong in [
            nil, "", "Basic", "Basic !!!", basic("ALL"), basic("ALL:"), basic("ALL:all:1234567890123457"),
            basic("NONE:all:1234567890123456"), "Bearer x",
        ] {
            #expect(status(access, wrong) == 401, "\(wrong ?? "nothing")")
        }
        #expect(status(access, basic("SOME:some1234567890123456")) == 403)
    }

    @Test("A secret is taken over TLS or from the machine itself only")
    func whereFrom() throws {
        let right = basic("ALL:all:1234567890123456")
        #expect(try status(access(), right, isLocal: false) == 403)
        #expect(try status(access(isTLS: true), right, isLocal: false) == nil)
    }

    @Test("Whether the service is alive may be asked by anybody")
    func health() throws {
        for endpoint in PageAccess.openEndpoints {
            #expect(try status(access(), nil, endpoint: endpoint, isLocal: false) == nil)
        }
        #expect(try status(access(), nil, endpoint: "/metrics", isLocal: false) == 403)
    }
}
