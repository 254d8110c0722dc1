import FoundationEssentials
import LookoutVision
import Telemetry

/// Pieces that several pages show.
enum Components {
    /// Where the page stands: links from the whole to the part, without the page itself.
    static func crumbs(_ links: [(path: String, text: String)]) -> HTML {
        """
        <nav class="crumbs" aria-label="Breadcrumb"><ol>\
        \(links.map { "<li><a href=\"\($0.path)\">\($0.text)</a></li>" as HTML })</ol></nav>
        """
    }

    static func when(_ timestamp: Timestamp, now: Date) -> HTML {
        RelativeTime.html(Date(timestamp), now: now)
    }

    // MARK: Datasets

    /// The classes of a dataset's images as parts of one bar. Widths are attributes of SVG, as no style may stand in a
    /// page.
    static func bar(_ counts: ImageCounts) -> HTML {
        let unlabelled = counts.total - counts.labelled
        guard counts.total > 0 else { return "<svg class=\"bar\" role=\"img\" aria-label=\"No images\"></svg>" }
        let parts = [("first", counts.normal), ("second", counts.anomaly), ("third", unlabelled)]
        var at = 0.0
        var rects = HTML()
        for (name, count) in parts where count > 0 {
            let width = 100 * Double(count) / Double(counts.total)
            rects += """
                <rect class="\(name)" x="\(percent(at))%" width="\(percent(width))%" height="100%"></rect>
                """
            at += width
        }
        return """
            <svg class="bar" role="img" aria-label="\(counts.normal.grouped) normal, \(counts.anomaly.grouped) anomaly, \
            \(unlabelled.grouped) unlabelled">\(rects)</svg>
            """
    }

    /// What the bar's colours mean; nothing where there is nothing to tell apart.
    static func legend(_ counts: ImageCounts) -> HTML? {
        guard counts.total > 0 else { return nil }
        return """
            <ul class="legend" aria-hidden="true"><li class="first">\(counts.normal.grouped) normal</li><li \
            class="second">\(counts.anomaly.grouped) anomaly</li><li>\((counts.total - counts.labelled).grouped) \
            unlabelled</li></ul>
            """
    }

    private static func percent(_ value: Double) -> String {
        String((value * 1_000).rounded() / 1_000)
    }

    static func badge(_ status: DatasetStatus) -> HTML {
        switch status {
        case .createComplete: "<span class=\"badge\">Created</span>"
        case .updateComplete: "<span class=\"badge is-good\">Up to date</span>"
        case .createInProgress: "<span class=\"badge is-busy\">Being created</span>"
        case .updateInProgress: "<span class=\"badge is-busy\">Being updated</span>"
        case .deleteInProgress: "<span class=\"badge is-busy\">Being deleted</span>"
        case .updateFailedRollbackInProgress: "<span class=\"badge is-busy\">Rolling back</span>"
        case .createFailed: "<span class=\"badge is-bad\">Creation failed</span>"
        case .updateFailedRollbackComplete: "<span class=\"badge is-bad\">Last update failed</span>"
        case .deleteFailed: "<span class=\"badge is-bad\">Deletion failed</span>"
        case .deleteComplete: "<span class=\"badge\">Deleted</span>"
        }
    }

    static func badge(_ imageClass: ImageClass) -> HTML {
        switch imageClass {
        case .normal: "<span class=\"class is-normal\">normal</span>"
        case .anomaly: "<span class=\"class is-anomaly\">anomaly</span>"
        case .unlabelled: "<span class=\"class\">unlabelled</span>"
        }
    }

    // MARK: Updates

    /// Updates as a table; `withDataset` tells whether each says which dataset it is of.
    static func updates(_ updates: [UpdateSummary], withDataset: Bool, labelledBy id: HTML, now: Date) -> HTML {
        let head: HTML = withDataset ? "<th scope=\"col\">Dataset</th>" : ""
        return """
            <div class="table stacks"><table aria-labelledby="\(id)"><thead><tr>\(head)<th scope="col">Outcome</th><th \
            scope="col" class="number">Lines</th><th scope="col" class="number">Size</th><th scope="col" \
            class="number">Took</th><th scope="col">Accepted</th></tr></thead><tbody>
            \(updates.map { row($0, withDataset: withDataset, now: now) })</tbody></table></div>
            """
    }

    private static func row(_ update: UpdateSummary, withDataset: Bool, now: Date) -> HTML {
        let dataset: HTML =
            withDataset
            ? "<th scope=\"row\" class=\"name\"><a href=\"\(PagePath.dataset(update.dataset))\">\(update.dataset.description)</a></th>"
            : ""
        let outcome: HTML
        var (lines, took) = ("" as HTML, "" as HTML)
        switch update.outcome {
        case .inProgress: outcome = "<span class=\"badge is-busy\">In progress</span>"
        case .applied(let count, let end):
            outcome = "<span class=\"badge is-good\">Applied</span>"
            lines = "<span>\(count.grouped)</span>"
            took = length(from: update.acceptedAt, to: end)
        case .failed(let message, let end):
            outcome = """
                <span class="told"><span class="badge is-bad">Failed</span><span class="message small quiet">\(message)</span></span>
                """
            took = length(from: update.acceptedAt, to: end)
        }
        return """
            <tr>\(dataset)<td class="outcome" data-label="Outcome">\(outcome)</td><td class="number" data-label="Lines">\(lines)</td><td \
            class="number" data-label="Size"><span>\(size(update.bytes))</span></td><td class="number" \
            data-label="Took">\(took)</td><td class="when" data-label="Accepted">\(when(update.acceptedAt, now: now))</td></tr>

            """
    }

    private static func length(from start: Timestamp, to end: Timestamp) -> HTML {
        "<span>\(RelativeTime.length(end.secondsSinceEpoch - start.secondsSinceEpoch))</span>"
    }

    /// `812 B`, `1.2 KiB`, `10 MiB`.
    static func size(_ bytes: Int) -> String {
        var (value, unit) = (Double(bytes), 0)
        let units = ["B", "KiB", "MiB", "GiB"]
        while value >= 1_024, unit < units.count - 1 {
            value /= 1_024
            unit += 1
        }
        let rounded = unit == 0 || value >= 100 ? value.rounded() : (value * 10).rounded() / 10
        return (rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)") + " " + units[unit]
    }
}
