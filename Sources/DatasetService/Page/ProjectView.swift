import FoundationEssentials
import LookoutVision
import Telemetry

/// One project and its datasets.
struct ProjectView {
    enum Heading {
        case link
        case none
    }

    var overview: ProjectOverview
    var now: Date

    var frame: PageFrame {
        PageFrame(
            title: overview.project.name,
            content: """
                \(Components.crumbs([(PagePath.home, "Projects")]))
                <h1>\(overview.project.name)</h1>
                <div id="projects" data-live>\(Self.card(overview, heading: .none, now: now))</div>
                """)
    }

    static func card(_ overview: ProjectOverview, heading: Heading, now: Date) -> HTML {
        let project = overview.project
        let title: HTML? =
            heading == .link
            ? "<h2><a href=\"\(PagePath.project(project.name))\">\(project.name)</a></h2>" : nil
        let datasets: HTML =
            overview.datasets.isEmpty
            ? "<p class=\"quiet none\">No datasets yet.</p>"
            : "<ul class=\"datasets\">\(overview.datasets.compactMap { row($0, of: project.name, now: now) })</ul>"
        return """
            <section class="card project"><div class="title">\(title)<span class="quiet small">created \
            \(Components.when(project.createdAt, now: now))</span></div>\(datasets)</section>

            """
    }

    private static func row(_ dataset: DatasetRecord, of project: String, now: Date) -> HTML? {
        guard let type = DatasetType(rawValue: dataset.type) else { return nil }
        let name = DatasetName(project: project, type: type)
        return """
            <li><a class="type" href="\(PagePath.dataset(name))"><span class="visually-hidden">\(project) \
            </span>\(dataset.type)</a><div class="counts"><div class="line"><span><strong>\(dataset.counts.total.grouped)\
            </strong> \(dataset.counts.total == 1 ? "image" : "images")</span>\(Components.badge(dataset.status))<span \
            class="quiet small">\(Components.when(dataset.updatedAt, now: now))</span></div>\(Components.bar(dataset.counts))\
            \(Components.legend(dataset.counts))</div></li>
            """
    }
}
