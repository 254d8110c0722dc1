package import LookoutVision

/// Which entries of a dataset are wanted; all that is not `nil` has to hold.
package struct EntryFilter: Sendable, Hashable {
    /// Whether the entry has a label.
    package var labeled: Bool?
    /// `normal` or `anomaly`
    package var anomalyClass: String?
    /// ISO 8601, UTC.
    package var createdBefore: String?
    /// ISO 8601, UTC.
    package var createdAfter: String?
    /// Part of the image's address.
    package var sourceRefContains: String?

    /// Without arguments: every entry.
    package init(
        labeled: Bool? = nil, anomalyClass: String? = nil, createdBefore: String? = nil, createdAfter: String? = nil,
        sourceRefContains: String? = nil
    ) {
        self.labeled = labeled
        self.anomalyClass = anomalyClass
        self.createdBefore = createdBefore
        self.createdAfter = createdAfter
        self.sourceRefContains = sourceRefContains
    }

    fileprivate var query: [(name: String, value: String)] {
        let all = [
            (WireNames.Query.labeled, labeled.map(String.init(describing:))),
            (WireNames.Query.anomalyClass, anomalyClass),
            (WireNames.Query.createdBefore, createdBefore),
            (WireNames.Query.createdAfter, createdAfter),
            (WireNames.Query.sourceRefContains, sourceRefContains),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }
}

extension DatasetClient {
    /// The dataset's entries, page by page, each entry a JSON Line. A page is asked for when the one before is used up;
    /// failures that may pass are ridden out for `Configuration.patience`.
    ///
    /// - Parameters:
    ///   - project: of the dataset.
    ///   - type: of the dataset.
    ///   - filter: which entries.
    ///   - pageSize: entries of a page, 1 to 100.
    /// - Returns: the pages; each iteration asks afresh.
    package func listDatasetEntries(
        project: String, type: DatasetType, filter: EntryFilter = EntryFilter(),
        pageSize: Int = Limits.pageSize.upperBound
    ) -> DatasetEntryPages {
        DatasetEntryPages(client: self, project: project, type: type, filter: filter, pageSize: pageSize)
    }

    fileprivate func entriesPage(
        _ pages: DatasetEntryPages, after token: String?
    ) async throws(DatasetClientError) -> ListDatasetEntriesResponse {
        var call = try self.call(.listDatasetEntries, project: pages.project, type: pages.type)
        call.query = pages.filter.query
        call.query.append((WireNames.Query.maxResults, String(pages.pageSize)))
        if let token { call.query.append((WireNames.Query.nextToken, token)) }
        let page = call
        return try await persistently { () async throws(DatasetClientError) in
            try await response(ListDatasetEntriesResponse.self, of: page).1
        }
    }
}

/// The pages of one listing.
package struct DatasetEntryPages: AsyncSequence, Sendable {
    /// The JSON Lines of one page.
    package typealias Element = [String]
    /// What ended the listing early.
    package typealias Failure = DatasetClientError

    fileprivate let client: DatasetClient
    fileprivate let project: String
    fileprivate let type: DatasetType
    fileprivate let filter: EntryFilter
    fileprivate let pageSize: Int

    /// Starts from the first page.
    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pages: self) }

    /// One reading of the listing.
    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let pages: DatasetEntryPages
        private var nextToken: String?
        private var isFinished = false

        fileprivate init(pages: DatasetEntryPages) {
            self.pages = pages
        }

        /// The next page that has entries; after an error there is none.
        package mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(DatasetClientError) -> [String]? {
            while !isFinished {
                isFinished = true
                let page = try await pages.client.entriesPage(pages, after: nextToken)
                let following = page.nextToken.flatMap { $0.isEmpty ? nil : $0 }
                // A page that leads to itself would be read for ever.
                if let following, following == nextToken {
                    throw .malformedResponse("ListDatasetEntries answered with the page token it was asked with")
                }
                nextToken = following
                isFinished = following == nil
                if let entries = page.datasetEntries, !entries.isEmpty { return entries }
            }
            return nil
        }
    }
}
