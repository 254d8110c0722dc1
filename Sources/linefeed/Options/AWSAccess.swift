internal import DatasetClient
internal import FoundationEssentials
internal import Logging

/// Credentials for Amazon's services and what speaks like them, from the process's environment.
struct AWSAccess {
    private let context: CredentialContext

    /// - Parameters:
    ///   - region: where roles are asked for.
    ///   - environment: of the process.
    init(region: String, environment: [String: String] = ProcessInfo.processInfo.environment) {
        context = CredentialContext(environment: environment, region: region) { error in
            // Made when it is needed: by then the program has said how it logs.
            Logger(label: "linefeed").warning(
                "Credentials could not be renewed; the old ones still hold", metadata: ["why": "\(error)"])
        }
    }

    /// The places to look in. To be kept: they remember what they found.
    func chain(isForAWS: Bool) -> CredentialChain {
        .standard(context, files: SharedFiles(environment: context.environment), isForAWS: isForAWS)
    }

    /// What the environment says of the region: `AWS_REGION`, `AWS_DEFAULT_REGION`.
    static func region(in environment: [String: String] = ProcessInfo.processInfo.environment) -> String? {
        ["AWS_REGION", "AWS_DEFAULT_REGION"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    }
}
