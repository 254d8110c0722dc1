internal import DatasetClient
internal import FoundationEssentials
internal import Logging

/// Region and credentials for Amazon's services and what speaks like them, from the process's environment.
struct AWSAccess {
    let region: String
    private let files: SharedFiles
    private let context: CredentialContext

    /// - Parameters:
    ///   - region: goes before `AWS_REGION` and the profile's.
    ///   - environment: of the process.
    ///   - logger: hears of renewals that failed while the old credentials still hold.
    /// - Throws: where the shared files have to be read for the region, and cannot be.
    init(
        region: String?, environment: [String: String] = ProcessInfo.processInfo.environment, logger: Logger?
    ) throws {
        files = SharedFiles(environment: environment)
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        self.region =
            try region ?? value("AWS_REGION") ?? value("AWS_DEFAULT_REGION") ?? files.region() ?? "us-east-1"
        context = CredentialContext(environment: environment, region: self.region) { error in
            logger?.warning("Credentials could not be renewed; the old ones still hold", metadata: ["why": "\(error)"])
        }
    }

    func chain(isForAWS: Bool) -> CredentialChain {
        .standard(context, files: files, isForAWS: isForAWS)
    }
}
