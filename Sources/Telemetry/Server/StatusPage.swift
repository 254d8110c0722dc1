internal import Hummingbird

/// A process at a glance. The server sends the frame; the script fills it from `/status` and keeps it fresh.
package struct StatusPage: Sendable {
    private let script: WebAsset
    private let page: WebPage

    private init(title: String, content: HTML, script: WebAsset) {
        self.script = script
        page = WebPage(
            title: title,
            navigation: [
                .init("/", title, isCurrent: true), .init("/status", "Status", isCurrent: false),
                .init("/metrics", "Metrics", isCurrent: false),
            ], content: content, scripts: [script])
    }

    func addRoutes<Context: RequestContext>(to routes: some RouterMethods<Context>) {
        for asset in [WebAsset.style, .icon, script] { asset.addRoute(to: routes) }
        routes.get("/") { [page] _, _ in page.response() }
    }

    /// A worker's partitions and the lanes that wait.
    package static let worker = StatusPage(
        title: "Worker", content: workerContent,
        script: WebAsset(name: "status.js", bytes: PackageResources.status_js))

    private static let workerContent: HTML = """
        <h1 id="name">Worker</h1>
        <p class="quiet small" id="facts">Reading the status…</p>
        <noscript><p class="notice">This page needs JavaScript to show the status. Without it, <a href="/status">the
        same as JSON</a>.</p></noscript>
        <div class="notice is-bad" id="trouble" role="status" hidden><p><strong>Not ready</strong></p><ul id="reasons"></ul></div>
        <div id="live" hidden>
        <dl class="tiles" aria-label="Throughput">
        <div><dt>Settled</dt><dd id="settled">–</dd></div>
        <div><dt>Settled a second</dt><dd id="rate">–</dd></div>
        <div><dt>Lag</dt><dd id="lag">–</dd></div>
        <div><dt>Oldest unsettled</dt><dd id="oldest">–</dd></div>
        <div><dt>Dead letters</dt><dd id="dead">–</dd></div>
        <div><dt id="memory-title">Memory held</dt><dd id="memory">–</dd></div>
        </dl>
        <h2 id="waiting-title">Lanes that wait</h2>
        <div class="card empty" id="waiting-empty"><p><strong>None.</strong> No dataset waits for something outside.</p></div>
        <div class="table stacks" id="waiting-table" hidden><table aria-labelledby="waiting-title">
        <thead><tr><th scope="col">Dataset</th><th scope="col">Reason</th><th scope="col" class="number">Partition</th><th
        scope="col" class="number">Failures</th><th scope="col" class="number">For</th></tr></thead><tbody
        id="waiting"></tbody></table></div><p class="quiet small" id="waiting-more" hidden></p>
        <h2 id="partitions-title">Partitions</h2>
        <div class="card empty" id="partitions-empty"><p><strong>None assigned.</strong> The group gives this worker
        partitions when there are enough for all its members.</p></div>
        <div class="table stacks" id="partitions-table" hidden><table aria-labelledby="partitions-title">
        <thead><tr><th scope="col">Partition</th><th scope="col" class="number">Watermark</th><th scope="col"
        class="number">Position</th><th scope="col" class="number">Lag</th><th scope="col" class="number">In flight</th><th
        scope="col" class="number">Waiting</th><th scope="col" class="number">Oldest unsettled</th><th
        scope="col">Ledger</th></tr></thead><tbody id="partitions"></tbody></table></div>
        </div>
        """
}
