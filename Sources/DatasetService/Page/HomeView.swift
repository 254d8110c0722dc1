import FoundationEssentials
import LookoutVision
import Telemetry

/// The first page: projects with their datasets, and what happened lately.
struct HomeView {
    var projects: Listing<ProjectOverview, String>
    var updates: [UpdateSummary]
    var text: String?
    /// Where this page of projects begins; nil for the first.
    var after: String?
    var now: Date

    var frame: PageFrame { PageFrame(title: "Projects", content: content) }

    private var content: HTML {
        """
        <h1>Projects</h1>
        \(search)
        <div id="projects" data-live>\(list)</div>
        \(pager)
        <div id="recent-updates" data-live>\(recent)</div>
        """
    }

    /// Where there is little to search, there is no search.
    private var search: HTML? {
        guard text != nil || after != nil || projects.next != nil || projects.items.count > 5 else { return nil }
        return """
            <form class="search" role="search" action="\(PagePath.home)"><div class="grow"><label for="q">Project name \
            contains</label><input type="search" id="q" name="q" value="\(exactly: text ?? "")" maxlength="255" \
            autocomplete="off" spellcheck="false"></div><button class="primary">Search</button></form>
            """
    }

    private var list: HTML {
        if !projects.items.isEmpty {
            return "\(projects.items.map { ProjectView.card($0, heading: .link, now: now) })"
        }
        if let text {
            return """
                <div class="card empty"><p><strong>No project is called like “\(text)”.</strong></p><p><a \
                href="\(PagePath.home)">Show all projects</a></p></div>
                """
        }
        if after != nil {
            return """
                <div class="card empty"><p><strong>That was the last project.</strong></p><p><a \
                href="\(PagePath.home)">Back to the first</a></p></div>
                """
        }
        return """
            <div class="card empty"><p><strong>No projects yet.</strong></p><p>A worker creates them as events come, with \
            <code>linefeed run --on-missing-dataset create</code>; or any client of the API does:</p>
            <pre><code>client.create_project(ProjectName="boards")
            client.create_dataset(ProjectName="boards", DatasetType="train")</code></pre></div>
            """
    }

    private var pager: HTML? {
        guard projects.next != nil || after != nil else { return nil }
        let first: HTML? =
            after == nil
            ? nil : "<a class=\"button\" href=\"\(text.map(searchPath) ?? PagePath.home)\">First projects</a>"
        let next = projects.next.map {
            "<a class=\"button\" rel=\"next\" href=\"\(PagePath.projects(after: $0, containing: text))\">More projects</a>"
                as HTML
        }
        return "<nav class=\"pager\" aria-label=\"Pages of projects\">\(first)\(next)</nav>"
    }

    private func searchPath(_ text: String) -> String {
        "\(PagePath.home)?q=\(PercentEncoding.encodeSegment(text))"
    }

    private var recent: HTML {
        guard !updates.isEmpty else { return "" }
        return """
            <section aria-labelledby="recent"><h2 id="recent">Recent updates</h2>
            \(Components.updates(updates, withDataset: true, labelledBy: "recent", now: now))
            <p class="more"><a href="\(PagePath.updates)">All updates</a></p></section>
            """
    }
}
