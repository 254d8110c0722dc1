import FoundationEssentials
import LookoutVision
import Telemetry

/// One entry, its JSON laid out for reading.
struct EntryView {
    var name: DatasetName
    var entry: EntrySummary
    var line: String
    var now: Date

    var frame: PageFrame {
        PageFrame(
            title: "Entry of \(name)",
            content: """
                \(Components.crumbs([
                    (PagePath.home, "Projects"), (PagePath.project(name.project), name.project),
                    (PagePath.dataset(name), name.type.rawValue),
                ]))
                <h1 class="entry"><bdi>\(entry.sourceRef)</bdi></h1>
                <dl class="tiles"><div><dt>Class</dt><dd class="small">\(Components.badge(entry.imageClass))</dd></div>\
                <div><dt>Labelled</dt><dd class="small">\(RelativeTime.absolute(Date(entry.createdAt))) <span \
                class="quiet when">\(Components.when(entry.createdAt, now: now))</span></dd></div><div><dt>Size</dt><dd \
                class="small">\(Components.size(line.utf8.count))</dd></div></dl>
                <section aria-labelledby="json"><h2 id="json">JSON Line</h2>
                <pre class="card json" tabindex="0" aria-labelledby="json"><code>\(JSONText(line).html)</code></pre>
                </section>
                """)
    }
}
