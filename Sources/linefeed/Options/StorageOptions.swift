internal import ArgumentParser
internal import DatasetService

/// What a service holds, and how much.
struct StorageOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The database's file.", valueName: "path"))
    var database = "linefeed.sqlite"

    @Option(
        help: ArgumentHelp(
            "Stands in for S3: CreateDataset finds the manifest s3://BUCKET/KEY in PATH/BUCKET/KEY.",
            valueName: "path"))
    var manifests: String?

    @Option(
        help: ArgumentHelp(
            "Images that a train dataset may have (AWS had 16000). Default: any number.", valueName: "n"))
    var imagesPerTrainDataset: Int?

    @Option(
        help: ArgumentHelp("Images that a test dataset may have (AWS had 4000). Default: any number.", valueName: "n"))
    var imagesPerTestDataset: Int?

    @Option(help: ArgumentHelp("Projects that there may be. Default: any number.", valueName: "n"))
    var projects: Int?

    var quotas: Quotas {
        Quotas(projects: projects, trainImages: imagesPerTrainDataset, testImages: imagesPerTestDataset)
    }

    func validate() throws {
        let quotas = [
            ("--images-per-train-dataset", imagesPerTrainDataset), ("--images-per-test-dataset", imagesPerTestDataset),
            ("--projects", projects),
        ]
        for (flag, limit) in quotas where limit.map({ $0 < 0 }) ?? false {
            throw ValidationError("\(flag) takes a number that is not negative.")
        }
    }
}
