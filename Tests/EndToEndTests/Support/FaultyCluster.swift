import Foundation

/// The embedded cluster in a process of its own, and what it is told to do wrong.
struct FaultyCluster {
    let child: Child
    /// For the property `bootstrap.servers`.
    let brokers: String
    let arena: Arena

    /// librdkafka's mock names members by the address of a structure (2.0.2, `rdkafka_mock_cgrp.c`), which the next
    /// member may get when one was expelled. If that one then wakes up and joins again under its old name, there are two
    /// of it, and an assertion ends the process. The structures come from `calloc`, which never takes from glibc's
    /// per-thread cache; with room for all of them there, no address comes a second time.
    static let environment = ["GLIBC_TUNABLES": "glibc.malloc.tcache_count=65535"]

    /// Whether that happened all the same: no fault of whoever is tested.
    var hasAborted: Bool {
        child.unexpectedEnd == .signal(SIGABRT) && child.log.contains("rdkafka_mock_cgrp.c")
            && child.log.contains("Assertion `!member->resp' failed")
    }

    /// Injects a fault, in the words of `linefeed broker --help`, and waits until it is there.
    ///
    /// - Throws: where the cluster refuses it.
    func inject(_ fault: String) async throws {
        let answer = try await answer(to: fault)
        guard answer == "ok" else { throw Failure("\(fault): \(answer)") }
    }

    /// What the cluster answers to a line.
    func answer(to line: String) async throws -> String {
        let known = child.outputLines.count
        try child.tell(line)
        try await arena.until("the broker has answered to \(line)", within: .seconds(60)) {
            child.outputLines.count > known
        }
        return child.outputLines[known]
    }
}
