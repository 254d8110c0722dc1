internal import Foundation
internal import Kafka

/// Carries out the faults that come on standard input, a line each, and answers each with a line.
enum BrokerFaults {
    /// Starts listening, in a thread that ends with its input or with the process.
    static func listen(for cluster: EmbeddedCluster) {
        Thread.detachNewThread {
            while let line = readLine() {
                guard !line.allSatisfy(\.isWhitespace) else { continue }
                do {
                    try BrokerFault(line).inject(into: cluster)
                    say("ok")
                } catch {
                    say("error \(error)")
                }
            }
        }
    }
}
