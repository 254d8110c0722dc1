import HTTPTypes
import Hummingbird
import LookoutVision

// Every parameter is checked here, as the clients check next to nothing; what is wrong is named as the model names it.

extension RequestContext {
    /// The project of the path.
    func projectName() throws -> String {
        try .projectName(pathParameter("projectName"))
    }

    /// The project of the path as it will be checked, where the path has one.
    var projectSegment: String? { parameters.get("projectName") == nil ? nil : pathParameter("projectName") }

    /// The dataset of the path.
    func datasetName() throws -> DatasetName {
        DatasetName(project: try projectName(), type: try .init(named: pathParameter("datasetType")))
    }

    /// The router leaves segments as they travelled, percent-encoded. What cannot be decoded fails the patterns.
    private func pathParameter(_ name: String) -> String {
        let raw = parameters.get(name) ?? ""
        return PercentDecoding.decodeSegment(raw) ?? raw
    }
}

extension String {
    /// Checks a project name against the model's pattern.
    static func projectName(_ text: String) throws -> String {
        guard Names.isProjectName(text) else {
            throw APIException(
                .validation,
                "ProjectName must be 1 to 255 letters, digits, underscores or hyphens and begin with a letter or digit."
            )
        }
        return text
    }
}

extension DatasetType {
    /// Checks a dataset type against the model's pattern.
    init(named text: String) throws {
        guard let type = DatasetType(rawValue: text) else {
            throw APIException(.validation, "DatasetType must be train or test.")
        }
        self = type
    }
}

extension Request {
    /// The idempotency key; nil where none came.
    func clientToken() throws -> String? {
        guard let token = headers[.clientToken] else { return nil }
        guard Names.isClientToken(token) else {
            throw APIException(.validation, "ClientToken must be 1 to 64 letters, digits or hyphens.")
        }
        return token
    }

    /// How long the caller would like to wait for the end of what it asks for; none where it does not say so. What cannot
    /// be read as RFC 7240 has it is no preference, and no error.
    var preferredWait: Duration {
        for field in headers[values: .prefer] {
            for preference in field.split(separator: ",") {
                let parts = preference.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1)
                guard parts.count == 2, let name = parts[0].split(whereSeparator: { $0 == " " || $0 == "\t" }).first,
                    name.lowercased() == "wait",
                    let seconds = parts[1].split(whereSeparator: { " \t\"".contains($0) }).first.flatMap({ UInt($0) })
                else { continue }
                return min(.seconds(seconds), Self.longestPreferredWait)
            }
        }
        return .zero
    }

    /// Long enough for nearly every update, and shorter than what clients and proxies wait for an answer.
    private static var longestPreferredWait: Duration { .seconds(10) }

    /// How many results a page may have.
    func maxResults() throws -> Int {
        guard let text = query(WireNames.Query.maxResults) else { return Limits.pageSize.upperBound }
        guard let count = Int(text), Limits.pageSize.contains(count) else {
            throw APIException(.validation, "MaxResults must be a whole number from 1 to 100.")
        }
        return count
    }

    /// Where the page before this one ended; nil at the beginning.
    func pageToken() throws -> PageToken? {
        try query(WireNames.Query.nextToken).map { try PageToken(text: $0) }
    }

    /// The filters of ListDatasetEntries.
    func entryFilter() throws -> EntryFilter {
        EntryFilter(
            isLabelled: try query(WireNames.Query.labeled).map { text in
                switch text.lowercased() {
                case "true": true
                case "false": false
                default: throw APIException(.validation, "Labeled must be true or false.")
                }
            },
            imageClass: try query(WireNames.Query.anomalyClass).map { text in
                switch text {
                case "normal": .normal
                case "anomaly": .anomaly
                default: throw APIException(.validation, "AnomalyClass must be normal or anomaly.")
                }
            },
            createdBefore: try date(WireNames.Query.createdBefore, member: "BeforeCreationDate"),
            createdAfter: try date(WireNames.Query.createdAfter, member: "AfterCreationDate"),
            sourceRefContains: try query(WireNames.Query.sourceRefContains).map { text in
                // SQLite would end the text at a NUL; no source-ref has one.
                guard Limits.sourceRefContainsCharacters.contains(text.unicodeScalars.count),
                    text.contains(where: { !$0.isWhitespace }), !text.utf8.contains(0)
                else {
                    throw APIException(.validation, "SourceRefContains must be 1 to 2048 characters, not all blank.")
                }
                return text
            }
        )
    }

    private func date(_ name: String, member: String) throws -> Timestamp? {
        try query(name).map { text in
            guard let date = Timestamp(iso8601: text) else {
                throw APIException(.validation, "\(member) must be an ISO 8601 date such as 2020-06-23T00:00:00Z.")
            }
            return date
        }
    }

    private func query(_ name: String) -> String? {
        uri.queryParameters[name[...]].map(String.init)
    }
}
