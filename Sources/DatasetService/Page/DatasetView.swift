import FoundationEssentials
import LookoutVision
import Telemetry

/// One dataset: what it holds, its latest updates, and its entries.
struct DatasetView {
    var name: DatasetName
    var dataset: DatasetRecord
    var updates: [UpdateSummary]
    var form: EntrySearchForm
    var page: EntrySearchPage
    var now: Date

    var frame: PageFrame {
        PageFrame(
            title: name.description,
            content: """
                \(Components.crumbs([(PagePath.home, "Projects"), (PagePath.project(name.project), name.project)]))
                <h1>\(name.project) <span class="quiet">\(name.type.rawValue)</span></h1>
                <div id="state" data-live>\(state)</div>
                <div id="recent-updates" data-live>\(recent)</div>
                \(entries)
                """)
    }

    // MARK: State

    private var state: HTML {
        let counts = dataset.counts
        return """
            <p class="status">\(Components.badge(dataset.status)) <span class="quiet small">\
            \(Components.when(dataset.updatedAt, now: now))\(bucket)</span></p>
            \(failure)
            <dl class="tiles"><div><dt>Images</dt><dd>\(counts.total.grouped)</dd></div><div><dt>Normal</dt><dd>\
            \(counts.normal.grouped)</dd></div><div><dt>Anomaly</dt><dd>\(counts.anomaly.grouped)</dd></div><div><dt>\
            Unlabelled</dt><dd>\((counts.total - counts.labelled).grouped)</dd></div></dl>
            \(Components.bar(counts))\(Components.legend(counts))
            """
    }

    private var bucket: HTML? {
        dataset.bucket.map { " · images in <code>\($0)</code>" }
    }

    /// What a failure was is the first thing to know.
    private var failure: HTML? {
        switch dataset.status {
        case .updateFailedRollbackComplete, .createFailed, .deleteFailed:
            "<div class=\"notice is-bad\"><p>\(dataset.statusMessage)</p></div>"
        default: nil
        }
    }

    private var recent: HTML {
        guard !updates.isEmpty else { return "" }
        return """
            <section aria-labelledby="recent"><h2 id="recent">Recent updates</h2>
            \(Components.updates(updates, withDataset: false, labelledBy: "recent", now: now))</section>
            """
    }

    // MARK: Entries

    private var entries: HTML {
        """
        <section aria-labelledby="entries"><h2 id="entries" tabindex="-1">Entries</h2>
        \(search)\(count)\(found)
        \(pager)</section>
        """
    }

    /// Where there is nothing to search, there is no search.
    private var search: HTML? {
        guard dataset.counts.total > 0 else { return nil }
        return """
            <form class="search" role="search" action="\(PagePath.dataset(name))#entries">
            <div class="grow"><label for="q">Image contains</label><input type="search" id="q" name="q" \
            value="\(exactly: form.text ?? "")" maxlength="2048" autocomplete="off" spellcheck="false"></div>
            <div><label for="class">Class</label><select id="class" name="class">\(choices)</select></div>
            <div><label for="order">Arrival</label><select id="order" name="order"><option value="newest">Newest first\
            </option><option value="oldest"\(form.newestFirst ? nil : " selected")>Oldest first</option></select></div>
            <button class="primary">Search</button>\(form.isRestricting ? clear : nil)</form>
            """
    }

    private var clear: HTML { "<a class=\"button\" href=\"\(PagePath.dataset(name))#entries\">Clear</a>" }

    private var choices: [HTML] {
        EntrySearchForm.Choice.allCases.map { choice in
            """
            <option value="\(choice.rawValue)"\(choice == form.choice ? " selected" : nil)>\(choice.title)</option>
            """
        }
    }

    /// How many are of the class, as that is known without counting.
    private var count: HTML? {
        guard form.text == nil, form.choice != .all, !page.entries.isEmpty else { return nil }
        let counts = dataset.counts
        let count =
            switch form.choice {
            case .all: counts.total
            case .normal: counts.normal
            case .anomaly: counts.anomaly
            case .labelled: counts.labelled
            case .unlabelled: counts.total - counts.labelled
            }
        return "<p class=\"found quiet small\">\(count.grouped) \(count == 1 ? "entry" : "entries")</p>"
    }

    private var found: HTML {
        guard page.entries.isEmpty else {
            return """
                <div class="table stacks entries"><table aria-labelledby="entries"><thead><tr><th scope="col">Image</th>\
                <th scope="col">Class</th><th scope="col">Labelled</th></tr></thead><tbody>
                \(page.entries.map(row))</tbody></table></div>
                """
        }
        guard dataset.isWhole else {
            return "<div class=\"card empty\"><p><strong>Not now.</strong></p><p>\(dataset.statusMessage)</p></div>"
        }
        let all: HTML = "<p><a href=\"\(PagePath.dataset(name))#entries\">Show all entries</a></p>"
        if page.wasCutShort {
            return """
                <div class="card empty"><p><strong>Nothing so far.</strong></p><p>\
                \(DatasetStore.searchWindow.grouped) entries were looked at; there are more.</p></div>
                """
        }
        if form.isRestricting {
            return "<div class=\"card empty\"><p><strong>No entry fits.</strong></p>\(all)</div>"
        }
        if form.after != nil || form.before != nil {
            return "<div class=\"card empty\"><p><strong>There are no more entries.</strong></p>\(all)</div>"
        }
        return """
            <div class="card empty"><p><strong>No entries yet.</strong></p><p>They come with UpdateDatasetEntries, or \
            from Kafka by way of a worker: <code>linefeed run</code>.</p></div>
            """
    }

    private func row(_ entry: EntrySummary) -> HTML {
        """
        <tr><th scope="row" class="wide"><a href="\(PagePath.entry(entry.id, of: name))">\(image(entry.sourceRef))</a>\
        </th><td data-label="Class">\(Components.badge(entry.imageClass))</td><td class="when" \
        data-label="Labelled">\(Components.when(entry.createdAt, now: now))</td></tr>

        """
    }

    /// The end of a `source-ref` is what tells images apart; bucket and folders stand back.
    private func image(_ sourceRef: String) -> HTML {
        guard let slash = sourceRef.lastIndex(of: "/"), sourceRef.index(after: slash) < sourceRef.endIndex else {
            return "<bdi>\(sourceRef)</bdi>"
        }
        return """
            <bdi class="folder">\(sourceRef[...slash])</bdi><wbr><bdi class="file">\
            \(sourceRef[sourceRef.index(after: slash)...])</bdi>
            """
    }

    private var pager: HTML? {
        let isFirst = form.after == nil && form.before == nil
        let goesOn = form.before == nil ? page.next != nil : true
        let goesBack = form.before == nil ? !isFirst : page.next != nil
        var links: [HTML] = []
        if !isFirst { links.append(link(form.from(), "First", rel: "first")) }
        if goesBack, let before = form.before == nil ? (page.entries.first?.id ?? form.after) : page.next {
            links.append(link(form.from(before: before), "Previous", rel: "prev"))
        }
        if goesOn, let after = form.before == nil ? page.next : page.entries.last?.id {
            links.append(link(form.from(after: after), page.wasCutShort ? "Search on" : "Next", rel: "next"))
        }
        guard !links.isEmpty else { return nil }
        return "<nav class=\"pager\" aria-label=\"Pages of entries\">\(links)</nav>"
    }

    private func link(_ form: EntrySearchForm, _ text: String, rel: String) -> HTML {
        "<a class=\"button\" rel=\"\(rel)\" href=\"\(PagePath.search(form, in: name))\">\(text)</a>"
    }
}
