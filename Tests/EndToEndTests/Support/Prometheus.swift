import Foundation
import FoundationNetworking

/// A real Prometheus that scrapes workers and a service every second, with the alert rules that are deployed.
///
/// The rules are the deployed ones to the letter, but for how long a condition must hold: minutes become ten seconds, in
/// which a busy machine may miss a scrape, but not all of them.
struct Prometheus {
    static let executable = URL(filePath: "/usr/bin/prometheus")
    private static let rules = Paths.package
        .appending(path: "deploy/prometheus/alerts.yml")

    private let url: URL

    /// Targets are `HOST:PORT`.
    init(arena: Arena, workers: [String] = [], services: [String] = []) async throws {
        let rules = try String(contentsOf: Self.rules, encoding: .utf8)
            .replacing(/(?m)^( *for:) .*$/) { match in "\(match.1) 10s" }
        try Data(rules.utf8).write(to: arena.folder.appending(path: "alerts.yml"))
        func list(_ targets: [String]) -> String { targets.map { "\"\($0)\"" }.joined(separator: ", ") }
        let configuration = """
            global: {scrape_interval: 1s, evaluation_interval: 1s}
            rule_files: [alerts.yml]
            scrape_configs:
              - job_name: linefeed-worker
                static_configs: [{targets: [\(list(workers))]}]
              - job_name: linefeed-serve
                static_configs: [{targets: [\(list(services))]}]
            """
        try Data(configuration.utf8).write(to: arena.folder.appending(path: "prometheus.yml"))
        let port = try Self.freePort()
        let url = URL(string: "http://127.0.0.1:\(port)")
        guard let url else { throw Failure("no URL with port \(port)") }
        self.url = url
        let child = try arena.start(
            "prometheus", executable: Self.executable,
            ["--config.file=prometheus.yml", "--storage.tsdb.path=metrics", "--web.listen-address=127.0.0.1:\(port)"])
        try await arena.until("Prometheus is ready", within: .seconds(60)) {
            child.log.contains("Server is ready to receive web requests")
        }
    }

    /// The value of a query that has one; nil for none.
    func value(_ query: String) async throws -> Double? {
        try await vector(query).first.flatMap { Double($0.value) }
    }

    /// The names of the alerts that fire.
    func firing() async throws -> Set<String> {
        Set(try await vector(#"ALERTS{alertstate="firing"}"#).compactMap { $0.metric["alertname"] })
    }

    private struct Answer: Decodable {
        struct Result: Decodable {
            var result: [Sample]
        }
        var data: Result
    }

    private struct Sample: Decodable {
        var metric: [String: String]
        var value: String

        enum CodingKeys: CodingKey { case metric, value }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            metric = try container.decode([String: String].self, forKey: .metric)
            var pair = try container.nestedUnkeyedContainer(forKey: .value)
            _ = try pair.decode(Double.self)
            value = try pair.decode(String.self)
        }
    }

    private func vector(_ query: String) async throws -> [Sample] {
        let url = url.appending(path: "api/v1/query").appending(queryItems: [URLQueryItem(name: "query", value: query)])
        let (data, _) = try await URLSession.shared.data(from: url)
        return try JSONDecoder().decode(Answer.self, from: data).data.result
    }

    /// A port that was free just now; Prometheus cannot choose one itself.
    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && getsockname(descriptor, pointer, &length) == 0
            }
        }
        guard isBound else { throw Failure("no free port") }
        return UInt16(bigEndian: address.sin_port)
    }
}
