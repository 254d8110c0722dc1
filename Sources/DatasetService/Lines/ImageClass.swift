/// What a line says about its image; the number is what the database holds.
package enum ImageClass: Int, Sendable, Hashable, CaseIterable {
    case unlabelled = 0
    case normal = 1
    case anomaly = 2

    /// The class that a `class-name` stands for: `normal` and `anomaly` in any case, anything else is unlabelled.
    ///
    /// Real manifests also have "Anomaly"; the integer beside it is never looked at (one AWS tool writes normal as 1).
    init(className: some StringProtocol) {
        self =
            switch className.lowercased() {
            case "normal": .normal
            case "anomaly": .anomaly
            default: .unlabelled
            }
    }
}
