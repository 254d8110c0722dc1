internal import ArgumentParser
internal import DatasetClient
internal import LookoutVision
internal import Telemetry

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "A dataset as a manifest, or as what comes next, on standard output.",
        discussion: """
            manifest: the lines as they are stored.
            sagemaker: a manifest for SageMaker's "Computer Vision Defect Detection": labelled lines as they are; with \
            masks only lines that have every attribute.
            anomalib: a table for Anomalib's Tabular (CSV: image_path, label_index, split, mask_path) of the labelled \
            images of both datasets, or of the one that --dataset-type names.
            What is left out is said on standard error.
            """)

    @OptionGroup var configurationFile: ConfigurationOptions
    @OptionGroup var endpoint: EndpointOptions
    @OptionGroup var projectOptions: ProjectOptions

    @Option(help: "Which of the project's datasets: train or test. Without it, for anomalib, both.")
    var datasetType: DatasetType?

    @Option(help: "manifest, sagemaker or anomalib.")
    var format = ExportFormat.manifest

    @Option(
        help: ArgumentHelp(
            "For anomalib: the folder that the bucket's images are in, in place of s3://BUCKET.", valueName: "path"))
    var imageRoot: String?

    private var project: String { projectOptions.project }

    func validate() throws {
        guard format == .anomalib || datasetType != nil else {
            throw ValidationError("--dataset-type is missing: train or test.")
        }
        guard format == .anomalib || imageRoot == nil else {
            throw ValidationError("--image-root is for --format anomalib only.")
        }
    }

    func run() async throws {
        let client = try endpoint.makeClient()
        let outcome = await Result.catching {
            switch (format, datasetType) {
            case (.anomalib, let type): try await exportTable(client, type.map { [$0] } ?? DatasetType.allCases)
            case (.manifest, let type?): try await exportManifest(client, type)
            case (.sagemaker, let type?): try await exportForSageMaker(client, type)
            case (_, nil): throw ValidationError("--dataset-type is missing: train or test.")
            }
        }
        await client.shutdown()
        try outcome.get()
    }

    private func exportManifest(_ client: DatasetClient, _ type: DatasetType) async throws {
        for try await page in client.listDatasetEntries(project: project, type: type) {
            try write(page.map { $0 + "\n" }.joined())
        }
    }

    /// Reads the dataset twice rather than keeping it: which attributes all lines must have shows only at its end.
    private func exportForSageMaker(_ client: DatasetClient, _ type: DatasetType) async throws {
        var export = SageMakerExport()
        for try await page in client.listDatasetEntries(project: project, type: type) {
            for line in page { export.survey(line) }
        }
        let attributes = export.attributes
        for try await page in client.listDatasetEntries(project: project, type: type) {
            var lines = ""
            for line in page where export.passes(line, attributes: attributes) { lines += line + "\n" }
            try write(lines)
        }
        report(export.report)
    }

    private func exportTable(_ client: DatasetClient, _ types: [DatasetType]) async throws {
        var export = AnomalibExport(imageRoot: imageRoot)
        var missing: DatasetClientError?
        var found = 0
        for type in types {
            do throws(DatasetClientError) {
                _ = try await client.describeDataset(project: project, type: type)
            } catch {
                guard types.count > 1, case .exception(let exception) = error, exception.kind == .resourceNotFound,
                    exception.resourceType == APIException.ResourceType.dataset.rawValue
                else { throw error }
                report("There is no \(type.rawValue) dataset.\n")
                missing = error
                continue
            }
            if found == 0 { try write(AnomalibExport.header) }
            found += 1
            for try await page in client.listDatasetEntries(project: project, type: type) {
                var rows = ""
                for line in page { rows += export.row(line, split: type) ?? "" }
                try write(rows)
            }
        }
        if let missing, found == 0 { throw missing }
        report(export.report)
    }

    private func write(_ text: String) throws {
        guard Descriptor.standardOutput.write(text) else {
            throw CommandFailure("standard output was closed before the whole dataset was written")
        }
    }

    /// Nobody need read it, so a closed standard error is no failure.
    private func report(_ text: String) { _ = Descriptor.standardError.write(text) }
}
