/// An exception of the service model 2020-11-20, as the client reads it and the service writes it.
package struct APIException: Error, Sendable, Hashable {
    /// The modelled exceptions, by the name that travels in `x-amzn-ErrorType`.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case accessDenied = "AccessDeniedException"
        case validation = "ValidationException"
        case resourceNotFound = "ResourceNotFoundException"
        case conflict = "ConflictException"
        case serviceQuotaExceeded = "ServiceQuotaExceededException"
        case throttling = "ThrottlingException"
        case internalServer = "InternalServerException"

        /// The HTTP status the model gives the exception.
        package var httpStatus: Int {
            switch self {
            case .accessDenied: 403
            case .validation: 400
            case .resourceNotFound: 404
            case .conflict: 409
            case .serviceQuotaExceeded: 402
            case .throttling: 429
            case .internalServer: 500
            }
        }
    }

    /// The kinds of resource that `ResourceType` names.
    package enum ResourceType: String, Sendable, Hashable {
        case project = "PROJECT"
        case dataset = "DATASET"
    }

    package var kind: Kind
    /// For people; travels as the body's `Message`, with a capital M.
    package var message: String
    /// NotFound, Conflict and quota errors say what they are about.
    package var resourceID: String?
    package var resourceType: String?
    package var quotaCode: String?
    package var serviceCode: String?
    /// Seconds, from the `Retry-After` header; only on throttling and internal errors.
    package var retryAfterSeconds: Int?

    package init(
        _ kind: Kind, _ message: String, resourceID: String? = nil, resourceType: String? = nil,
        quotaCode: String? = nil, serviceCode: String? = nil, retryAfterSeconds: Int? = nil
    ) {
        self.kind = kind
        self.message = message
        self.resourceID = resourceID
        self.resourceType = resourceType
        self.quotaCode = quotaCode
        self.serviceCode = serviceCode
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// The body members as they travel.
    package struct Body: Codable, Sendable {
        package var message: String?
        package var resourceID: String?
        package var resourceType: String?
        package var quotaCode: String?
        package var serviceCode: String?
        /// `namespace#Name`: where a server puts the exception's name if not in the header.
        package var type: String?

        package enum CodingKeys: String, CodingKey {
            case message = "Message"
            case resourceID = "ResourceId"
            case resourceType = "ResourceType"
            case quotaCode = "QuotaCode"
            case serviceCode = "ServiceCode"
            case type = "__type"
        }

        package init(_ exception: APIException) {
            message = exception.message
            resourceID = exception.resourceID
            resourceType = exception.resourceType
            quotaCode = exception.quotaCode
            serviceCode = exception.serviceCode
            type = exception.kind.rawValue
        }
    }
}
