internal import HTTPTypes
package import Hummingbird
internal import NIOCore

/// A file of a page, part of the program and served by it.
package struct WebAsset: Sendable {
    /// Changes with the content, so that a browser may keep what it has.
    package let path: String
    private let name: String
    private let contentType: String
    private let bytes: ByteBuffer

    /// The file's name tells the content type by its ending: `css`, `js` or `svg`.
    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = ByteBuffer(bytes: bytes)
        contentType =
            if name.hasSuffix(".css") {
                "text/css; charset=utf-8"
            } else if name.hasSuffix(".js") {
                "text/javascript; charset=utf-8"
            } else {
                "image/svg+xml"
            }
        // FNV-1a: tells two versions apart, no more is asked of it.
        let hash = bytes.reduce(14_695_981_039_346_656_037 as UInt64) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        path = "/assets/\(name)?v=\(String(hash, radix: 16))"
    }

    package func addRoute<Context: RequestContext>(to routes: some RouterMethods<Context>) {
        routes.get("assets/\(name)") { [contentType, bytes] _, _ in
            var headers = WebPage.securityHeaders
            headers[.contentType] = contentType
            headers[.cacheControl] = "private, max-age=31536000, immutable"
            return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: bytes))
        }
    }

    /// The style that all pages share.
    package static let style = WebAsset(name: "base.css", bytes: PackageResources.base_css)
    /// The sign in a browser's tab.
    package static let icon = WebAsset(name: "icon.svg", bytes: PackageResources.icon_svg)
}
