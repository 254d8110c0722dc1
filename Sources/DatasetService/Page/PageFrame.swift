import FoundationEssentials
import Telemetry

/// What a view gives: its content, and where in the service it stands.
struct PageFrame: Sendable {
    enum Section: Sendable {
        case projects
        case updates
        case none
    }

    static let assets = [style, script]
    private static let style = WebAsset(name: "page.css", bytes: PackageResources.page_css)
    private static let script = WebAsset(name: "page.js", bytes: PackageResources.page_js)

    var title: String
    var section = Section.projects
    var content: HTML

    var page: WebPage {
        WebPage(
            title: title,
            navigation: [
                .init(PagePath.home, "Projects", isCurrent: section == .projects),
                .init(PagePath.updates, "Updates", isCurrent: section == .updates),
            ], content: content, styles: [Self.style], scripts: [Self.script])
    }
}

extension Date {
    init(_ timestamp: Timestamp) {
        self.init(timeIntervalSince1970: timestamp.secondsSinceEpoch)
    }
}
