import Foundation
import LookoutVision
import Testing

@testable import DatasetService

@Suite("Without keys the service is for its own machine")
struct LocalNamesTests {
    private static let list = Operation.listProjects.path()

    private static let names = [
        ("127.0.0.1", 200), ("127.0.0.1:9", 200), ("localhost:8080", 200), ("LocalHost", 200), ("[::1]:8080", 200),
        ("linefeed.localhost", 200), ("evil.example", 421), ("evil.example:8080", 421),
        ("127.0.0.1.evil.example", 421), ("localhost.evil.example", 421), ("10.0.0.7:8080", 421), ("[::2]", 421),
    ]

    @Test("A site that resolves to this machine gets nothing, under any operation")
    func names() async throws {
        try await ServiceUnderTest.run { service in
            for (name, status) in Self.names {
                let answer = try await service.call("GET", Self.list, headers: ["Host": name])
                #expect(answer.status == status, "\(name)")
                guard status != 200 else { continue }
                #expect(answer.errorType == "AccessDeniedException" && answer.fault?.message?.isEmpty == false)
            }
            let evil = ["Host": "evil.example"]
            let create = try await service.call(
                "POST", Operation.createProject.path(), json: #"{"ProjectName":"p"}"#, headers: evil)
            #expect(create.status == 421)
            #expect(try await service.count("project") == 0)
            for path in ["/", "/metrics", "/updates"] {
                #expect(try await service.call("GET", path, headers: evil).status == 421)
            }
            // Orchestrators ask by address.
            #expect(try await service.call("GET", "/readyz", headers: ["Host": "10.0.0.7:8080"]).status == 200)
        }
    }

    @Test("A page of another site that sends something here is refused, a local one's is not")
    func origins() async throws {
        try await ServiceUnderTest.run { service in
            for (origin, status) in [
                ("http://evil.example", 421), ("null", 421), ("https://evil.example:8080", 421), ("", 421),
                ("http://localhost:3000", 200), ("http://[::1]:3000", 200),
            ] {
                let answer = try await service.call(
                    "POST", Operation.createProject.path(), json: #"{"ProjectName":"p\#(status)"}"#,
                    headers: ["Origin": origin, "Content-Type": "text/plain", "X-Amzn-Client-Token": "t"])
                #expect(answer.status == status, "\(origin)")
            }
            #expect(try await service.count("project") == 1)
        }
    }

    @Test("Where others are let in, the name does not matter")
    func elsewhere() async throws {
        let open: (inout DatasetServer.Configuration) -> Void = { ($0.host, $0.access) = ("0.0.0.0", .openToAll) }
        try await ServiceUnderTest.run(configure: open) { service in
            let answer = try await service.call("GET", Self.list, headers: ["Host": "linefeed-serve:8080"])
            #expect(answer.status == 200)
        }
    }
}
