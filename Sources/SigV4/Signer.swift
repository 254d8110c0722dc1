/// Signs requests to one service in one region with AWS Signature Version 4.
package struct Signer: Sendable {
    /// What signatures are scoped to.
    package let region: String
    /// The signing name, `lookoutvision`.
    package let service: String
    private let keys = SigningKeyCache()

    /// Each signature is given its credentials. Of the last ones the derived key is kept, for the next signature.
    package init(region: String, service: String) {
        self.region = region
        self.service = service
    }

    /// What makes the request a signed one; a pure function of its parameters, the date among them.
    ///
    /// - Parameters:
    ///   - method: the verb, upper case.
    ///   - path: as it will travel, percent-encoded, without the query.
    ///   - query: as it will travel, without the question mark.
    ///   - headers: all that are to be signed, `Host` among them.
    ///   - payloadSHA256: of the body, in lower-case hexadecimal.
    ///   - credentials: whose signature it is.
    ///   - date: when; services refuse one more than a few minutes away from their own clock.
    /// - Returns: the headers to add: `X-Amz-Date`, the session token where there is one, and last `Authorization`.
    package func headers(
        signing method: String, path: String, query: String, headers: [(name: String, value: String)],
        payloadSHA256: String, credentials: Credentials, date: SigningDate
    ) -> [(name: String, value: String)] {
        var added = [(name: "X-Amz-Date", value: date.timestamp)]
        if let token = credentials.sessionToken {
            added.append((name: "X-Amz-Security-Token", value: token))
        }
        let request = CanonicalRequest(
            method: method, path: path, query: query, headers: headers + added, payloadSHA256: payloadSHA256)
        let scope = CredentialScope(day: date.day, region: region, service: service)
        let signature = Signature.signature(
            of: Signature.stringToSign(request, timestamp: date.timestamp, scope: scope),
            by: keys.code(secretAccessKey: credentials.secretAccessKey, scope: scope))
        var authorization: [UInt8] = []
        authorization.reserveCapacity(512)
        for part in [
            Signature.algorithm, " Credential=", credentials.accessKeyID, "/", scope.text, ", SignedHeaders=",
            request.signedHeaders, ", Signature=", signature,
        ] { authorization += part.utf8 }
        added.append((name: "Authorization", value: String(decoding: authorization, as: UTF8.self)))
        return added
    }
}
