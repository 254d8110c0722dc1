internal import ArgumentParser
internal import DatasetClient
internal import Telemetry

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "A dataset as a manifest, on standard output.")

    @OptionGroup var configurationFile: ConfigurationOptions
    @OptionGroup var endpoint: EndpointOptions
    @OptionGroup var dataset: DatasetOptions

    func run() async throws {
        let client = try endpoint.makeClient(connections: 1)
        let outcome = await Result.catching {
            for try await page in client.listDatasetEntries(project: dataset.project, type: dataset.datasetType) {
                let lines = page.map { $0 + "\n" }.joined()
                guard Descriptor.standardOutput.write(lines) else {
                    throw CommandFailure("standard output was closed before the whole dataset was written")
                }
            }
        }
        await client.shutdown()
        try outcome.get()
    }
}
