package import HTTPTypes
package import Hummingbird
internal import NIOCore

/// A whole page: what every page has around its own content.
package struct WebPage: Sendable {
    /// One place to go from every page.
    package struct Link: Sendable {
        package var path: String
        package var text: String
        package var isCurrent: Bool

        package init(_ path: String, _ text: String, isCurrent: Bool) {
            self.path = path
            self.text = text
            self.isCurrent = isCurrent
        }
    }

    /// Names the page in tabs and histories.
    package var title: String
    package var navigation: [Link]
    package var content: HTML
    /// Beside the style that all pages share.
    package var styles: [WebAsset]
    package var scripts: [WebAsset]

    package init(
        title: String, navigation: [Link], content: HTML, styles: [WebAsset] = [], scripts: [WebAsset] = []
    ) {
        self.title = title
        self.navigation = navigation
        self.content = content
        self.styles = styles
        self.scripts = scripts
    }

    /// Nothing but this process is ever asked for anything, no markup runs as a script, no other site may frame the page.
    package static let securityHeaders: HTTPFields = {
        var headers: HTTPFields = [
            .contentSecurityPolicy:
                "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
                + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            .xContentTypeOptions: "nosniff",
            .crossOriginResourcePolicy: "same-origin",
        ]
        // Addresses of pages hold names and search terms.
        if let referrerPolicy = HTTPField.Name("Referrer-Policy") { headers[referrerPolicy] = "no-referrer" }
        if let openerPolicy = HTTPField.Name("Cross-Origin-Opener-Policy") { headers[openerPolicy] = "same-origin" }
        return headers
    }()

    /// The page as an answer; browsers keep no copy of it.
    package func response(status: HTTPResponse.Status = .ok) -> Response {
        var headers = Self.securityHeaders
        headers[.contentType] = "text/html; charset=utf-8"
        headers[.cacheControl] = "no-store"
        return Response(
            status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: document.text)))
    }

    private var document: HTML {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(title) · Linefeed</title>
        <link rel="icon" href="\(WebAsset.icon.path)" type="image/svg+xml">
        \(([.style] + styles).map { "<link rel=\"stylesheet\" href=\"\($0.path)\">\n" as HTML })\
        \(scripts.map { "<script src=\"\($0.path)\" defer></script>\n" as HTML })\
        </head>
        <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header class="top">
        <a class="brand" href="/"><img src="\(WebAsset.icon.path)" alt="" width="22" height="22">Linefeed</a>
        <nav aria-label="Main">\(navigation.map(Self.link))</nav>
        </header>
        <main id="content" tabindex="-1">
        \(content)
        </main>
        </body>
        </html>

        """
    }

    private static func link(_ link: Link) -> HTML {
        link.isCurrent
            ? "<a href=\"\(link.path)\" aria-current=\"page\">\(link.text)</a>"
            : "<a href=\"\(link.path)\">\(link.text)</a>"
    }
}
