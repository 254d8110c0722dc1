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

    /// A client for so many calls at a time.
    func makeClient(connections: Int) throws -> DatasetClient {
        let endpoint = try Endpoint(endpoint)
        let environment = ProcessInfo.processInfo.environment
        let isAWS = endpoint.authority.hasSuffix(".amazonaws.com")
        var configuration = DatasetClient.Configuration()
        configuration.connections = connections
        let rate = rateLimit ?? (isAWS ? 5 : 0)
        configuration.rateLimit = rate == 0 ? .unlimited : .perSecond(rate, burst: max(1, Int(min(rate, 1000))))
        if let path = caFile ?? environment["AWS_CA_BUNDLE"], !path.isEmpty {
            configuration.authorities = try TrustedAuthorities(path: path)
        }
        let shared = SharedFiles(environment: environment)
        let region = try region ?? environment["AWS_REGION"] ?? shared.region() ?? "us-east-1"
        // An endpoint of one's own may want no credentials at all; AWS always does.
        let chain: [any CredentialProvider] = [
            EnvironmentCredentials(environment: environment), SharedFileCredentials(files: shared),
        ]
        return DatasetClient(
            endpoint: endpoint, region: region,
            credentials: CredentialChain(isAWS ? chain : chain + [AnonymousCredentials()]),
            configuration: configuration)
    }
}
