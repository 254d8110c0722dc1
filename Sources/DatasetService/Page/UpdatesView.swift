import FoundationEssentials
import Telemetry

/// All updates, the latest first.
struct UpdatesView {
    var updates: Listing<UpdateSummary, Int64>
    var isFirst: Bool
    var now: Date

    var frame: PageFrame {
        PageFrame(
            title: "Updates", section: .updates,
            content: """
                <h1 id="title">Updates</h1>
                <div id="updates" data-live>\(list)</div>
                \(pager)
                """)
    }

    private var list: HTML {
        guard updates.items.isEmpty else {
            return Components.updates(updates.items, withDataset: true, labelledBy: "title", now: now)
        }
        return isFirst
            ? """
            <div class="card empty"><p><strong>No updates yet.</strong></p><p>Every call of UpdateDatasetEntries that \
            was accepted is listed here, with what became of it.</p></div>
            """
            : "<div class=\"card empty\"><p><strong>There are no earlier updates.</strong></p></div>"
    }

    private var pager: HTML? {
        let first: HTML? = isFirst ? nil : "<a class=\"button\" href=\"\(PagePath.updates)\">Latest</a>"
        let next = updates.next.map {
            "<a class=\"button\" rel=\"next\" href=\"\(PagePath.updates(before: $0))\">Earlier</a>" as HTML
        }
        guard first != nil || next != nil else { return nil }
        return "<nav class=\"pager\" aria-label=\"Pages of updates\">\(first)\(next)</nav>"
    }
}
