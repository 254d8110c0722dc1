/// How many images of each class a dataset has, kept up to date as entries come, so that nobody counts rows.
package struct ImageCounts: Sendable, Hashable {
    package var total: Int
    package var normal: Int
    package var anomaly: Int

    package init(total: Int = 0, normal: Int = 0, anomaly: Int = 0) {
        self.total = total
        self.normal = normal
        self.anomaly = anomaly
    }

    /// Images with a class: the API's `Labeled`.
    package var labelled: Int { normal + anomaly }

    /// An image came that the dataset did not have.
    mutating func insert(_ new: ImageClass) {
        total += 1
        add(1, to: new)
    }

    /// An image's entry was replaced.
    mutating func replace(_ old: ImageClass, by new: ImageClass) {
        add(-1, to: old)
        add(1, to: new)
    }

    private mutating func add(_ count: Int, to imageClass: ImageClass) {
        switch imageClass {
        case .normal: normal += count
        case .anomaly: anomaly += count
        case .unlabelled: break
        }
    }
}
