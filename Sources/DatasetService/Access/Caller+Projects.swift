extension Caller {
    /// The first projects that the caller may read, of a list in pieces.
    ///
    /// - Parameters:
    ///   - limit: how many at most.
    ///   - name: only projects after this one.
    ///   - list: the next projects after a name, so many at most and in order, of everybody's.
    /// - Returns: in the list's order; fewer than the limit only at its end.
    /// - Throws: what the list throws.
    func readable(
        limit: Int, after name: String?, of list: (_ after: String?, _ limit: Int) async throws -> [ProjectRecord]
    ) async throws -> [ProjectRecord] {
        var (found, last): ([ProjectRecord], String?) = ([], name)
        while true {
            let piece = try await list(last, limit)
            found += piece.filter { allows(.read, in: $0.name) }.prefix(limit - found.count)
            last = piece.last?.name
            if found.count == limit || piece.count < limit { return found }
        }
    }
}
