internal import ArgumentParser

/// Where the flags that are not given come from. The file is read before the command line is parsed; the flag stands
/// here to be known and explained.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A YAML file with values for the flags that are given neither here nor as LINEFEED_… in the environment; "
                + "else LINEFEED_CONFIG names it.", valueName: "path"))
    var config: String?
}
