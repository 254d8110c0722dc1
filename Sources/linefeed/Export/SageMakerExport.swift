internal import DatasetService

/// A manifest for SageMaker: an augmented manifest file, of which every line must have every attribute.
///
/// For classification the labelled lines are passed on as they are. Where there are masks, the attributes are those that
/// most lines with a mask have, and a line that lacks one of them, such as a normal image's without a mask, is left out.
struct SageMakerExport {
    private var total = 0
    private var countByAttributes: [[String]: Int] = [:]
    private var leftOut = LeftOut()

    /// First all lines are surveyed.
    mutating func survey(_ line: String) {
        total += 1
        guard let entry = try? EntryLine(line), entry.imageClass != .unlabelled, entry.mask != nil,
            let names = EntryLine.attributeNames(of: line)
        else { return }
        countByAttributes[names.sorted(), default: 0] += 1
    }

    /// The attributes that every line has; nil for classification, where they are the user's to name.
    var attributes: [String]? {
        countByAttributes.max { ($0.value, $1.key.count) < ($1.value, $0.key.count) }?.key
    }

    /// Then each is passed on, or not.
    mutating func passes(_ line: String, attributes: [String]?) -> Bool {
        do {
            guard try EntryLine(line).imageClass != .unlabelled else {
                leftOut.add("unlabelled")
                return false
            }
        } catch {
            leftOut.add("not valid: \(error.reason)")
            return false
        }
        let names = EntryLine.attributeNames(of: line) ?? []
        let missing = (attributes ?? []).filter { !names.contains($0) }
        guard missing.isEmpty else {
            leftOut.add("without \(missing.joined(separator: ", "))")
            return false
        }
        return true
    }

    /// What to tell the person who exports.
    var report: String {
        (leftOut.report(of: total) ?? "")
            + (attributes.map { "AttributeNames: \($0.joined(separator: ", "))\n" } ?? "")
    }
}
