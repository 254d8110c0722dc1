import Logging
import ServiceLifecycle
import UnixSignals

/// Reads keys and certificate again on SIGHUP. What is not in order is reported, and what held before goes on to hold.
struct Reloader: Service {
    let keys: KeyRing?
    let certificate: ServerCertificate?
    let logger: Logger

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            reload()
        }
    }

    func reload() {
        do {
            if let keys {
                let count = try keys.reload()
                logger.notice("Access keys were read again", metadata: ["keys": "\(count)"])
            }
            if let certificate {
                try certificate.reload()
                logger.notice("The certificate was read again")
            }
        } catch {
            logger.error("Not reloaded; what held before goes on to hold", metadata: ["error": "\(error)"])
        }
    }
}
