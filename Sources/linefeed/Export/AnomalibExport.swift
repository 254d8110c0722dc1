internal import DatasetService
internal import LookoutVision

/// A table (CSV, RFC 4180) for Anomalib's `Tabular`: one row for each labelled image of both datasets.
struct AnomalibExport {
    static let header = "image_path,label_index,split,mask_path\n"

    /// Takes the place of `s3://BUCKET/`; nil leaves the addresses as they are.
    let imageRoot: String?
    private var total = 0
    private var leftOut = LeftOut()

    init(imageRoot: String?) {
        self.imageRoot = imageRoot
    }

    /// The entry's row; nil where it is left out.
    mutating func row(_ line: String, split: DatasetType) -> String? {
        total += 1
        let entry: EntryLine
        do {
            entry = try EntryLine(line)
        } catch {
            leftOut.add("not valid: \(error.reason)")
            return nil
        }
        let label: String
        switch entry.imageClass {
        case .normal: label = "0"
        case .anomaly: label = "1"
        case .unlabelled:
            leftOut.add("unlabelled")
            return nil
        }
        let fields = [path(entry.sourceRef), label, split.rawValue, entry.mask.map(path) ?? ""]
        return fields.map(Self.quoted).joined(separator: ",") + "\n"
    }

    /// What to tell the person who exports.
    var report: String { leftOut.report(of: total) ?? "" }

    private func path(_ address: String) -> String {
        guard let imageRoot else { return address }
        // s3: and the bucket, with empty text between the two slashes.
        let key = address.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).last ?? ""
        return imageRoot.hasSuffix("/") ? imageRoot + key : "\(imageRoot)/\(key)"
    }

    private static func quoted(_ field: String) -> String {
        guard field.utf8.contains(where: { #",""#.utf8.contains($0) || $0 == 0x0A || $0 == 0x0D }) else { return field }
        return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
