internal import ArgumentParser
internal import DatasetClient
internal import FoundationEssentials

/// Where the dataset API is.
struct EndpointOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The dataset API: `linefeed serve`, or anything that speaks Lookout for Vision.", valueName: "url"))
    var endpoint = "http://127.0.0.1:8080"

    @Option(help: "The region that requests are signed for; else AWS_REGION, the profile's, us-east-1.")
    var region: String?

    @Option(
        help: ArgumentHelp(
            "Requests a second at most, for each operation; 0 is no limit. Default: 5 (the API's quota) for AWS, else 0.",
            valueName: "n"))
    var rateLimit: Double?

    @Option(
        help: ArgumentHelp(
            "Certificates in PEM of who is believed about the endpoint's; else AWS_CA_BUNDLE, else what the system "
                + "believes.",
            valueName: "path"))
    var caFile: String?

    func validate() throws {
        do {
            _ = try Endpoint(endpoint)
        } catch {
            // Without the text itself: it may hold a password.
            throw ValidationError("--endpoint: \(error)")
        }
        if let rateLimit, !(rateLimit >= 0 && rateLimit.isFinite) {
            throw ValidationError("--rate-limit takes a number that is not negative.")
        }
    }

    /// A client of the endpoint.
    ///
    /// - Parameter requestTimeout: How long a call may take, and how long failing answers are put up with; nil is the
    ///   client's own choice.
    /// - Throws: Where the endpoint is no URL, or a file of the AWS configuration cannot be read.
    /// - Returns: A client that is to be shut down.
    func makeClient(requestTimeout: Duration? = nil) throws -> DatasetClient {
        let endpoint = try Endpoint(endpoint)
        let isAWS = endpoint.isAmazons
        var configuration = DatasetClient.Configuration()
        if let requestTimeout {
            configuration.requestTimeout = requestTimeout
            configuration.patience = requestTimeout
        }
        let rate = rateLimit ?? (isAWS ? 5 : 0)
        configuration.rateLimit = rate == 0 ? .unlimited : .perSecond(rate, burst: max(1, Int(min(rate, 1000))))
        configuration.authorities =
            try caFile.map { path throws(TrustedAuthorities.Unreadable) in try TrustedAuthorities(path: path) }
            ?? TrustedAuthorities.bundle(in: ProcessInfo.processInfo.environment)
        let region = try region ?? AWSAccess.region() ?? SharedFiles().region() ?? "us-east-1"
        return DatasetClient(
            endpoint: endpoint, region: region, credentials: AWSAccess(region: region).chain(isForAWS: isAWS),
            configuration: configuration)
    }
}
