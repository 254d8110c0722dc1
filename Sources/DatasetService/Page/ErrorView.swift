import LookoutVision
import Telemetry

/// What went wrong, and where to go from there.
enum ErrorView {
    static func refused(_ exception: APIException) -> PageFrame {
        let isMissing = exception.kind == .resourceNotFound
        return frame(title: isMissing ? "Not here" : "Not understood", exception.message)
    }

    /// What it was is in the log.
    static let failed = frame(title: "This did not work", "The service failed to show this page; its log says why.")

    private static func frame(title: String, _ message: String) -> PageFrame {
        PageFrame(
            title: title, section: .none,
            content: """
                <h1>\(title)</h1><p>\(message)</p><p><a href="\(PagePath.home)">To the projects</a></p>
                """)
    }
}
