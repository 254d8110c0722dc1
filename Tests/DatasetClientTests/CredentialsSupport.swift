import Foundation
import NIOCore
import SigV4
import Synchronization

@testable import DatasetClient

/// A token, a key or a password in these tests: it must never show.
let secretMark = "hidden"

extension TestTime {
    /// As services write dates: so many seconds after this clock's beginning.
    static func date(_ seconds: Int) -> String {
        Date(timeIntervalSince1970: 1_440_938_160 + Double(seconds)).formatted(.iso8601)
    }
}

extension CredentialContext {
    static func test(
        _ environment: [String: String], time: TestTime,
        report: @escaping @Sendable (CredentialError) -> Void = { _ in }
    ) -> CredentialContext {
        CredentialContext(environment: environment, region: "eu-central-1", time: time.source, report: report)
    }
}

extension ScriptedServer.Reply {
    /// Whether a try ends by the clock: then it may have ended before the server has read the request.
    var endsByTheClock: Bool { patience < .seconds(30) }

    /// How long a test waits for this: not for ever where nothing comes, and long where the machine is just busy.
    var patience: Duration {
        switch self {
        case .silence, .stall: .seconds(1)
        default: .seconds(30)
        }
    }

    /// As the container's agent and the instance metadata hand credentials out.
    static func handsOut(_ accessKeyID: String, until seconds: Int, code: String? = nil) -> Self {
        let code = code.map { #""Code":"\#($0)","# } ?? ""
        return .answer(
            200, [],
            #"{\#(code)"AccessKeyId":"\#(accessKeyID)","SecretAccessKey":"hidden/secret","Token":"hidden/token","#
                + #""Expiration":"\#(TestTime.date(seconds))"}"#)
    }

    /// As STS does.
    static func assumed(_ action: String, _ accessKeyID: String, until seconds: Int) -> Self {
        .answer(
            200, [("Content-Type", "text/xml")],
            """
            <\(action)Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
              <\(action)Result>
                <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn></AssumedRoleUser>
                <Credentials>
                  <AccessKeyId>\(accessKeyID)</AccessKeyId>
                  <SecretAccessKey>hidden&amp;secret</SecretAccessKey>
                  <SessionToken>hidden/token</SessionToken>
                  <Expiration>\(TestTime.date(seconds))</Expiration>
                </Credentials>
              </\(action)Result>
              <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>
            </\(action)Response>
            """)
    }

    static func refused(_ status: Int, _ code: String) -> Self {
        .answer(
            status, [],
            "<ErrorResponse><Error><Type>Sender</Type><Code>\(code)</Code><Message>hidden</Message></Error></ErrorResponse>"
        )
    }
}

extension ScriptedServer.Request {
    /// The fields of a form.
    var form: [String: String] {
        var components = URLComponents()
        components.percentEncodedQuery = String(buffer: body)
        return Dictionary((components.queryItems ?? []).map { ($0.name, $0.value ?? "") }) { $1 }
    }
}

/// What a fetch that must fail fails with.
func failure(_ body: () async throws(CredentialError) -> some Sendable) async -> CredentialError? {
    do throws(CredentialError) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

/// A file that lives as long as this.
final class TemporaryFile: Sendable {
    let path: String

    init(_ text: String) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "linefeed-\(UUID().uuidString)").path()
        try write(text)
    }

    func write(_ text: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
