import Crypto
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import LookoutVision
import NIOCore
import SigV4

/// Finds out whose request it is, and whether the key may do what it asks.
struct SignatureCheck: Sendable {
    let keys: KeyRing
    let verifier: Verifier
    let now: @Sendable () -> Timestamp

    init(keys: KeyRing, region: String?, now: @escaping @Sendable () -> Timestamp) {
        self.keys = keys
        self.now = now
        verifier = Verifier(
            service: WireNames.signingName, region: region, protectedHeaders: [WireNames.clientToken])
    }

    /// What can be refused before the body is read: form, time, an unknown key, a project that the key has nothing to
    /// do with.
    ///
    /// - Throws: an access-denied exception, for this and all that follows: the one that the service model has.
    func claim(
        of request: Request, for operation: LookoutVision.Operation, in context: some CallerContext
    ) throws(APIException) -> SignatureClaim {
        let claim: SignatureClaim
        do {
            claim = try verifier.claim(of: ReceivedRequest(request), now: Int(now().secondsSinceEpoch))
        } catch {
            throw denied(error.description)
        }
        guard let key = keys[claim.accessKeyID] else { throw denied("The access key is not known here.") }
        // The name of a project to be created comes with the body.
        if let project = context.projectSegment { try authorize(key, operation, project, context) }
        return claim
    }

    /// Whose request it is, now that the body is there.
    func caller(
        _ claim: SignatureClaim?, _ request: Request, _ body: ByteBuffer, for operation: LookoutVision.Operation,
        in context: some CallerContext
    ) throws(APIException) -> Caller {
        // The key is asked for again: it may have been taken out of the file while the body came.
        guard let claim, let key = keys[claim.accessKeyID] else { throw denied("The access key is not known here.") }
        let hash = SHA256.hash(data: body.readableBytesView).withUnsafeBytes(Hexadecimal.encode)
        do {
            try verifier.verify(
                claim, of: ReceivedRequest(request), payloadSHA256: hash, secretAccessKey: key.secret)
        } catch {
            context.logger.notice(
                "Signature refused", metadata: ["key": "\(key.id)", "operation": "\(operation.rawValue)"])
            throw denied(error.description)
        }
        if let project = context.projectSegment {
            try authorize(key, operation, project, context)
        } else if operation == .createProject,
            let message = try? JSONDecoder().decode(CreateProjectRequest.self, from: Data(body.readableBytesView))
        {
            // A body without a name is refused where it is read.
            try authorize(key, operation, message.projectName, context)
        }
        return .key(key)
    }

    private func authorize(
        _ key: AccessKey, _ operation: LookoutVision.Operation, _ project: String, _ context: some CallerContext
    ) throws(APIException) {
        guard key.allows(operation.permission, in: project) else {
            context.logger.notice(
                "Permission refused", metadata: ["key": "\(key.id)", "operation": "\(operation.rawValue)"])
            throw denied("The access key \(key.id) may not \(operation.rawValue) in this project.")
        }
    }

    private func denied(_ message: String) -> APIException { APIException(.accessDenied, message) }
}

extension ReceivedRequest {
    /// As it arrived: the router leaves path and query as they travelled. HTTP types keep the host apart.
    fileprivate init(_ request: Request) {
        let host = request.head.authority.map { [(name: "host", value: $0)] } ?? []
        self.init(
            method: request.method.rawValue, target: request.head.path ?? "",
            headers: host + request.headers.map { (name: $0.name.canonicalName, value: $0.value) })
    }
}
