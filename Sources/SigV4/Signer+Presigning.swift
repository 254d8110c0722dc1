import Crypto

extension Signer {
    /// The query that makes a request without a body a signed one: whoever has the URL may send it until it expires.
    ///
    /// Source: AWS General Reference, "Create a signed AWS API request", "Add the signature to the request", query string.
    ///
    /// - Parameters:
    ///   - method: the verb, upper case.
    ///   - host: the only header that is signed.
    ///   - path: as it will travel, percent-encoded.
    ///   - query: names and values as they are meant, not yet encoded.
    ///   - credentials: whose signature it is.
    ///   - date: when.
    ///   - expiresIn: seconds from `date` on, 604,800 at most.
    /// - Returns: the whole query as it travels, without the question mark; the signature comes last.
    package func presignedQuery(
        signing method: String, host: String, path: String, query: [(name: String, value: String)],
        credentials: Credentials, date: SigningDate, expiresIn: Int
    ) -> String {
        let scope = CredentialScope(day: date.day, region: region, service: service)
        var parameters = query
        parameters += [
            (name: "X-Amz-Algorithm", value: Signature.algorithm),
            (name: "X-Amz-Credential", value: "\(credentials.accessKeyID)/\(scope.text)"),
            (name: "X-Amz-Date", value: date.timestamp),
            (name: "X-Amz-Expires", value: String(expiresIn)),
            (name: "X-Amz-SignedHeaders", value: "host"),
        ]
        if let token = credentials.sessionToken {
            parameters.append((name: "X-Amz-Security-Token", value: token))
        }
        let unsigned = parameters.map { "\(URIEncoding.encode($0.name.utf8))=\(URIEncoding.encode($0.value.utf8))" }
            .joined(separator: "&")
        let request = CanonicalRequest(
            method: method, path: path, query: unsigned, headers: [(name: "host", value: host)],
            payloadSHA256: SHA256.hash(data: [UInt8]()).withUnsafeBytes(Hexadecimal.encode))
        let signature = Signature.signature(
            of: Signature.stringToSign(request, timestamp: date.timestamp, scope: scope),
            secretAccessKey: credentials.secretAccessKey, scope: scope)
        return "\(unsigned)&X-Amz-Signature=\(signature)"
    }
}
