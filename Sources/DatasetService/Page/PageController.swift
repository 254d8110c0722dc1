import FoundationEssentials
import Hummingbird
import Logging
import LookoutVision
import Telemetry

/// The service's pages for people: projects, datasets, updates, entries. They only show; nothing is changed here.
struct PageController<Context: RequestContext>: Sendable {
    private static var entriesPerPage: Int { 50 }
    private static var projectsPerPage: Int { 25 }
    private static var updatesPerPage: Int { 50 }

    let store: DatasetStore

    func addRoutes(to routes: some RouterMethods<Context>) {
        for asset in [WebAsset.style, .icon] + PageFrame.assets { asset.addRoute(to: routes) }
        routes.get("", use: page(home))
        routes.get("updates", use: page(updates))
        routes.get("projects", use: page(home))
        routes.get("projects/{projectName}", use: page(project))
        routes.get("projects/{projectName}/{datasetType}", use: page(dataset))
        routes.get("projects/{projectName}/{datasetType}/entries/{entry}", use: page(entry))
    }

    /// What a page is made from.
    private struct Visit {
        var query: PageQuery
        var context: Context
        /// The moment that times on the page are relative to.
        var now: Date
    }

    /// Every answer to a person is a page, errors too.
    private func page(
        _ make: @escaping @Sendable (Visit) async throws -> PageFrame
    ) -> @Sendable (Request, Context) async throws -> Response {
        { [store] request, context in
            do {
                let visit = Visit(
                    query: PageQuery(request), context: context, now: Date(store.now()))
                return try await make(visit).page.response()
            } catch let exception as APIException {
                return ErrorView.refused(exception).page.response(
                    status: exception.kind == .resourceNotFound ? .notFound : .badRequest)
            } catch {
                context.logger.error(
                    "A page failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
                return ErrorView.failed.page.response(status: .internalServerError)
            }
        }
    }

    @Sendable private func home(_ visit: Visit) async throws -> PageFrame {
        let text = visit.query.text("q")
        let after = visit.query.text("after")
        let projects = try await store.overviews(after: after, containing: text, limit: Self.projectsPerPage)
        let updates = try await store.updates(of: nil, before: nil, limit: 8)
        return HomeView(projects: projects, updates: updates.items, text: text, after: after, now: visit.now).frame
    }

    @Sendable private func updates(_ visit: Visit) async throws -> PageFrame {
        let before = visit.query.number("before")
        let updates = try await store.updates(of: nil, before: before, limit: Self.updatesPerPage)
        return UpdatesView(updates: updates, isFirst: before == nil, now: visit.now).frame
    }

    @Sendable private func project(_ visit: Visit) async throws -> PageFrame {
        let project = try await store.overview(visit.context.projectName())
        return ProjectView(overview: project, now: visit.now).frame
    }

    @Sendable private func dataset(_ visit: Visit) async throws -> PageFrame {
        let name = try visit.context.datasetName()
        let form = EntrySearchForm(visit.query)
        let (dataset, page) = try await store.search(form.search, in: name, limit: Self.entriesPerPage)
        let updates = try await store.updates(of: name, before: nil, limit: 5)
        return DatasetView(
            name: name, dataset: dataset, updates: updates.items, form: form, page: page, now: visit.now
        ).frame
    }

    @Sendable private func entry(_ visit: Visit) async throws -> PageFrame {
        let name = try visit.context.datasetName()
        guard let id = visit.context.parameters.get("entry").flatMap({ Int64($0) }),
            let (entry, line) = try await store.entry(id, of: name)
        else { throw APIException(.resourceNotFound, "Dataset \(name) has no such entry.") }
        return EntryView(name: name, entry: entry, line: line, now: visit.now).frame
    }
}
