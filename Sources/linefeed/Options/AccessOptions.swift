internal import ArgumentParser
internal import DatasetService
internal import LookoutVision

/// Who may use the service, over what, and how much.
struct AccessOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The access keys, a YAML file that only its owner and group may read; read again on SIGHUP. Without it "
                + "everybody may do everything, and the address has to be a loopback one.",
            valueName: "path"))
    var keys: String?

    @Flag(help: "Let everybody who can reach the address do everything.")
    var insecureNoAuth = false

    @Option(help: ArgumentHelp("The region that requests must be signed for. Default: any.", valueName: "region"))
    var signingRegion: String?

    @Option(
        help: ArgumentHelp(
            "The certificate and its chain in PEM, read again on SIGHUP. Without it the service speaks plain HTTP.",
            valueName: "path"))
    var tlsCertificate: String?

    @Option(
        help: ArgumentHelp(
            "The certificate's key in PEM, a file that only its owner and group may read.", valueName: "path"))
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "Requests a second at most for each key and operation: 5, or UpdateDatasetEntries=2 for one operation; may "
                + "be repeated. Default: no limit. Amazon's was 5.",
            valueName: "[operation=]n"))
    var rateLimit: [RateLimitArgument] = []

    @Option(help: ArgumentHelp("Connections at a time; more wait.", valueName: "n"))
    var maxConnections = 1024

    func validate() throws {
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key go together.")
        }
        guard keys == nil || !insecureNoAuth else {
            throw ValidationError("--keys and --insecure-no-auth contradict each other.")
        }
        guard keys != nil || signingRegion == nil else {
            throw ValidationError("--signing-region needs --keys: nobody looks at signatures without.")
        }
        guard (1...1_000_000).contains(maxConnections) else {
            throw ValidationError("--max-connections takes 1 to 1000000.")
        }
        guard Set(rateLimit.map(\.operation)).count == rateLimit.count else {
            throw ValidationError("--rate-limit is given twice for the same.")
        }
    }

    /// `http` or `https`.
    var scheme: String { tlsCertificate == nil ? "http" : "https" }

    func apply(to configuration: inout DatasetServer.Configuration) {
        if let keys {
            configuration.access = .keys(path: keys)
        } else {
            configuration.access = insecureNoAuth ? .openToAll : .openOnLoopback
        }
        configuration.region = signingRegion
        if let tlsCertificate, let tlsKey {
            configuration.tls = TLSFiles(certificate: tlsCertificate, key: tlsKey)
        }
        for limit in rateLimit {
            if let operation = limit.operation {
                configuration.rateLimits.operations[operation] = limit.rate
            } else {
                configuration.rateLimits.everyOperation = limit.rate
            }
        }
        configuration.connectionLimits.connections = maxConnections
    }
}

/// `5` or `UpdateDatasetEntries=0.5`.
struct RateLimitArgument: ExpressibleByArgument {
    /// All that are not named, where there is none.
    var operation: LookoutVision.Operation?
    /// Requests a second.
    var rate: Double

    init?(argument: String) {
        let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count <= 2, let text = parts.last, let rate = Double(text), rate.isFinite, rate > 0 else {
            return nil
        }
        if parts.count == 2 {
            guard let operation = LookoutVision.Operation(rawValue: String(parts[0])) else { return nil }
            self.operation = operation
        }
        self.rate = rate
    }
}
