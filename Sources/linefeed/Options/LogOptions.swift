internal import ArgumentParser
internal import Instrumentation
internal import Logging
internal import Telemetry

/// What is said on standard error.
struct LogOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("trace, debug, info (the default), notice, warning, error or critical.", valueName: "level"),
        transform: { name in
            guard let level = Logger.Level(rawValue: name) else {
                throw ValidationError("\(name) is no log level.")
            }
            return level
        })
    var logLevel = Logger.Level.info

    @Option(help: "text for people, json for machines.")
    var logFormat = LogFormat.text

    func makeLogger(_ label: String) -> Logger {
        let handler = ConsoleLogHandler(
            label: label, level: logLevel, format: logFormat, metadataProvider: TraceContextTracer.metadataProvider)
        // The libraries' loggers go the same way, but only for what somebody must know.
        LoggingSystem.bootstrap { [logLevel, logFormat] name in
            ConsoleLogHandler(label: name, level: max(logLevel, .warning), format: logFormat)
        }
        // The trace of what comes in goes on in what goes out.
        InstrumentationSystem.bootstrap(TraceContextTracer())
        return Logger(label: label) { _ in handler }
    }
}

extension LogFormat: ExpressibleByArgument {}
