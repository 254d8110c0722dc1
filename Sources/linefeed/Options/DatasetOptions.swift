internal import ArgumentParser
internal import Labelling
internal import LookoutVision

/// Which project is meant.
struct ProjectOptions: ParsableArguments {
    @Option(help: "The project.")
    var project: String

    func validate() throws {
        guard Names.isProjectName(project) else {
            throw ValidationError(
                "--project \(project): 1 to 255 of a-z, A-Z, 0-9, _ and -, the first a letter or a digit.")
        }
    }
}

/// Which dataset is meant.
struct DatasetOptions: ParsableArguments {
    @OptionGroup var project: ProjectOptions

    @Option(help: "Which of the project's datasets: train or test.")
    var datasetType: DatasetType

    var dataset: DatasetKey { DatasetKey(project: project.project, type: datasetType) }
}

extension DatasetType: ExpressibleByArgument {}
