internal import ArgumentParser

/// An amount of memory as people write it: `128MiB`, `64kB`, `1GiB`; a bare number is bytes.
struct ByteCount: ExpressibleByArgument {
    var bytes: Int

    init(_ bytes: Int) { self.bytes = bytes }

    init?(argument: String) {
        let number = argument.prefix { $0.isASCII && $0.isNumber }
        let units = [
            "": 1, "B": 1, "kB": 1000, "KiB": 1 << 10, "MB": 1_000_000, "MiB": 1 << 20, "GB": 1_000_000_000,
            "GiB": 1 << 30,
        ]
        guard let value = Int(number), let unit = units[String(argument.dropFirst(number.count))] else { return nil }
        let (product, overflow) = value.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        bytes = product
    }

    var defaultValueDescription: String { "\(bytes >> 20)MiB" }
}
