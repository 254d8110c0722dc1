internal import DatasetClient
internal import LookoutVision

/// The credentials, the dataset API and what they may do there.
struct EndpointCheck: Sendable {
    let options: EndpointOptions
    /// Whose datasets to look at.
    let projects: [String]
    let timeout: Duration

    func findings() async -> [Finding] {
        let client: DatasetClient
        do {
            client = try options.makeClient(requestTimeout: timeout)
        } catch {
            return [.bad("endpoint", "\(error)")]
        }
        var findings: [Finding] = []
        let reached = await reach(client)
        findings += reached
        if !reached.contains(where: { $0.verdict == .bad }) {
            for project in projects { findings.append(await look(at: project, client)) }
        }
        await client.shutdown()
        return findings
    }

    /// Asks for the first project, or for one that there hardly is: that it is not found says that the question was allowed.
    private func reach(_ client: DatasetClient) async -> [Finding] {
        do throws(DatasetClientError) {
            _ = try await client.describeProject(projects.first ?? "linefeed-check")
        } catch {
            switch error {
            case .exception(let exception) where exception.kind == .resourceNotFound: break
            case .exception(let exception) where exception.kind == .accessDenied && projects.isEmpty:
                return [
                    .doubtful(
                        "credentials", "known, but not for every project: name those that they are for by --project"),
                    .good("endpoint", options.endpoint),
                ]
            case .credentials(let reason):
                return [
                    .bad("credentials", "\(reason). Give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile")
                ]
            case _ where error.isAboutAccess:
                return [
                    .bad(
                        "credentials",
                        "\(options.endpoint) refuses them: \(Self.sentence(error)) Look at the key, its policy and the clock"
                    )
                ]
            case .untrusted:
                return [.bad("endpoint", "\(options.endpoint): \(error). Give its authority by --ca-file")]
            default: return [.bad("endpoint", "\(options.endpoint): \(error). Look at --endpoint")]
            }
        }
        return [.good("credentials", "accepted"), .good("endpoint", options.endpoint)]
    }

    private static func sentence(_ error: DatasetClientError) -> String {
        let text = "\(error)"
        return text.hasSuffix(".") ? text : text + "."
    }

    private func look(at project: String, _ client: DatasetClient) async -> Finding {
        do throws(DatasetClientError) {
            let types = try await client.describeProject(project).datasets?.compactMap(\.datasetType) ?? []
            return types.isEmpty
                ? .doubtful("project", "\(project) has no datasets yet: see --on-missing-dataset")
                : .good(
                    "project", "\(project): \(types.joined(separator: ", ")) (that they may be updated is not tried)")
        } catch {
            if case .exception(let exception) = error, exception.kind == .resourceNotFound {
                return .doubtful("project", "\(project) does not exist: create it, or see --on-missing-dataset")
            }
            return .bad("project", "\(project): \(error)")
        }
    }
}
