import LookoutVision

/// Makes the value of a record that carries an existing JSON Line to a dataset.
package enum EventEncoder {
    /// The envelope `{"project":…,"datasetType":…,"entry":…}` around `line`, which is taken as it is: JSON, without a
    /// line feed at its end or with one.
    package static func encode(_ key: DatasetKey, line: some Collection<UInt8>) -> [UInt8] {
        var value: [UInt8] = []
        value.reserveCapacity(line.count + key.project.utf8.count + 48)
        value += #"{"project":"#.utf8
        JSONString.append(key.project.utf8, to: &value)
        value += #","datasetType":""#.utf8
        value += key.type.rawValue.utf8
        value += #"","entry":"#.utf8
        value += line
        value.append(UInt8(ascii: "}"))
        return value
    }
}
