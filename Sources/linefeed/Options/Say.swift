internal import Telemetry

/// Writes a line to standard output at once, also where that is a pipe that somebody reads along.
func say(_ line: String) { _ = Descriptor.standardOutput.write(line + "\n") }
