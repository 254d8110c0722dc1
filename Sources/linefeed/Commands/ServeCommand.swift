internal import ArgumentParser
internal import DatasetService
internal import Logging
internal import ServiceLifecycle
internal import Telemetry
internal import UnixSignals

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "The dataset API of Lookout for Vision, on SQLite.",
        discussion: """
            Existing clients only change endpoint_url. An update that was accepted is applied, whole or not at all, \
            by this process or by the next one that opens the database. Every update that was applied is a row of \
            the table update_history.
            """)

    @OptionGroup var configurationFile: ConfigurationOptions
    @OptionGroup var access: AccessOptions
    @OptionGroup var telemetry: TelemetryOptions
    @OptionGroup var log: LogOptions

    @Option(help: "The address to listen on; 0.0.0.0 or :: for all, which takes --keys.")
    var host = "127.0.0.1"

    @Option(help: "The port; 0 takes any that is free and says which.")
    var port = 8080

    @OptionGroup var storage: StorageOptions

    @Option(
        help: ArgumentHelp(
            "Lets every accepted update wait before it is applied, to try out slow updates.", valueName: "time"))
    var applyDelay = TimeSpan(.zero)

    func validate() throws {
        guard (0...65535).contains(port) else { throw ValidationError("--port takes 0 to 65535.") }
    }

    func run() async throws {
        let logger = log.makeLogger("linefeed")
        let (host, scheme) = (host, access.scheme)
        var configuration = DatasetServer.Configuration(
            host: host, port: port, databasePath: storage.database, manifestsPath: storage.manifests,
            quotas: storage.quotas, applyDelay: applyDelay.duration)
        access.apply(to: &configuration)
        configuration.telemetry = telemetry.address
        if access.keys == nil {
            logger.notice("Nobody is asked who they are: without --keys everybody may do everything")
        }
        let server: DatasetServer
        do {
            server = try DatasetServer(
                configuration: configuration, logger: logger,
                onServerRunning: { port in
                    // The one line on standard output: what a script needs to know.
                    say("\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)")
                })
        } catch let error as AccessError {
            throw CommandFailure(error.advice)
        } catch {
            throw CommandFailure("the database \(storage.database) cannot be opened: \(error)")
        }
        do {
            try await ServiceGroup(services: [server], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
                .run()
        } catch {
            throw CommandFailure("serving \(host):\(port) from \(storage.database) has failed: \(error)")
        }
    }
}

extension AccessError {
    /// The error, and what to do where a flag helps.
    fileprivate var advice: String {
        if case .openToOthers = self { "\(self): give --keys, or --insecure-no-auth" } else { description }
    }
}
