/// Checks requests to one service against AWS Signature Version 4, in two steps: what can be told before the body is
/// there, so that a stranger's is not even read, and the signature itself.
package struct Verifier: Sendable {
    /// The signing name, `lookoutvision`.
    package let service: String
    /// The one region that signatures may be for; any, where there is none.
    package let region: String?
    /// Headers that must be signed where a request has them, beside `Host` and all that begin with `X-Amz-`; lower case.
    let protectedHeaders: Set<String>
    /// How far the sender's clock may be off, in seconds, both ways.
    static let clockSkewSeconds = 15 * 60

    /// - Parameters:
    ///   - service: the signing name.
    ///   - region: the one that signatures must be for, if any.
    ///   - protectedHeaders: names of headers that must not travel unsigned, in any case.
    package init(service: String, region: String?, protectedHeaders: [String] = []) {
        self.service = service
        self.region = region
        self.protectedHeaders = Set(protectedHeaders.map { $0.lowercased() })
    }

    /// Everything that the headers alone tell: form, scope, time, and that what matters is signed.
    ///
    /// - Parameters:
    ///   - request: as it arrived.
    ///   - now: seconds since 1970-01-01T00:00:00Z.
    /// - Returns: who is said to have signed, still to be proven.
    /// - Throws: ``SignatureError``, any but a mismatch.
    package func claim(of request: ReceivedRequest, now: Int) throws(SignatureError) -> SignatureClaim {
        let claim = try SignatureClaim(request)
        guard claim.scope.service == service else { throw .wrongScope("the service here is \(service)") }
        if let region, claim.scope.region != region { throw .wrongScope("the region here is \(region)") }
        let signed = claim.date.secondsSince1970
        guard signed >= now - Self.clockSkewSeconds, signed <= now + Self.clockSkewSeconds else {
            throw .wrongTime(signed: claim.date.timestamp, now: SigningDate(secondsSince1970: now).timestamp)
        }
        let names = Set(request.headers.map(\.name))
        let needed = names.filter { $0.hasPrefix("x-amz-") || protectedHeaders.contains($0) }.union(["host"])
        if let name = needed.subtracting(claim.signedHeaders).min() { throw .incomplete("\(name) is not signed") }
        if let name = claim.signedHeaders.subtracting(names).min() {
            throw .incomplete("\(name) is signed and did not arrive")
        }
        return claim
    }

    /// Checks the signature, in constant time.
    ///
    /// - Parameters:
    ///   - claim: of the same request.
    ///   - request: as it arrived.
    ///   - payloadSHA256: of the body that arrived, in lower-case hexadecimal.
    ///   - secretAccessKey: of the key that the claim names.
    /// - Throws: ``SignatureError/payloadMismatch`` or ``SignatureError/mismatch``.
    package func verify(
        _ claim: SignatureClaim, of request: ReceivedRequest, payloadSHA256: String, secretAccessKey: String
    ) throws(SignatureError) {
        if let announced = claim.payloadSHA256, announced != payloadSHA256 { throw .payloadMismatch }
        let canonical = CanonicalRequest(
            method: request.method, path: request.path, query: request.query,
            headers: request.headers.filter { claim.signedHeaders.contains($0.name) }, payloadSHA256: payloadSHA256)
        let isValid = Signature.isValid(
            claim.signature,
            of: Signature.stringToSign(canonical, timestamp: claim.date.timestamp, scope: claim.scope),
            secretAccessKey: secretAccessKey, scope: claim.scope)
        guard isValid else { throw .mismatch }
    }
}
