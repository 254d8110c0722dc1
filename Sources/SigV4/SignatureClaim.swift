/// What the `Authorization` header and `X-Amz-Date` say about a request's signature. Proves nothing yet.
package struct SignatureClaim: Sendable {
    /// Who is said to have signed.
    package let accessKeyID: String
    /// What the signature is said to be good for.
    package let scope: CredentialScope
    /// When.
    package let date: SigningDate
    /// Lower case.
    let signedHeaders: Set<String>
    let signature: [UInt8]
    /// In lower-case hexadecimal, where the request announces it.
    let payloadSHA256: String?

    /// Reads the headers of one request.
    ///
    /// Source: AWS General Reference, "Signature Version 4 for API requests", elements of the authorization header.
    init(_ request: ReceivedRequest) throws(SignatureError) {
        let authorization = request.values("authorization")
        guard let header = authorization.first else { throw .unsigned }
        guard authorization.count == 1 else { throw .incomplete("there is more than one Authorization header") }
        guard header.hasPrefix("\(Signature.algorithm) ") else {
            throw .unsupported("Authorization does not begin with \(Signature.algorithm)")
        }
        let parts = try Self.parts(header.dropFirst(Signature.algorithm.count))

        let credential = parts.credential.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard credential.count == 5, !credential.contains(""), credential[4] == CredentialScope.terminator else {
            throw .incomplete("Credential is not KEY/DATE/REGION/SERVICE/\(CredentialScope.terminator)")
        }
        accessKeyID = credential[0]
        scope = CredentialScope(day: credential[1], region: credential[2], service: credential[3])

        let names = parts.signedHeaders.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
        signedHeaders = Set(names)
        guard names == signedHeaders.sorted() else {
            throw .incomplete("SignedHeaders is not a list of different names in their order")
        }
        guard let signature = Hexadecimal.decode(parts.signature), signature.count == Signature.byteCount else {
            throw .incomplete("Signature is not \(Signature.byteCount * 2) lower-case hexadecimal digits")
        }
        self.signature = signature

        let dates = request.values("x-amz-date")
        guard dates.count == 1, let date = SigningDate(timestamp: dates[0]) else {
            throw .incomplete("X-Amz-Date is not one date such as 20150830T123600Z")
        }
        guard scope.day == date.day else { throw .incomplete("Credential and X-Amz-Date name different days") }
        self.date = date

        let hashes = request.values("x-amz-content-sha256")
        guard hashes.count <= 1 else { throw .incomplete("there is more than one X-Amz-Content-Sha256 header") }
        payloadSHA256 = hashes.first
        if let hash = hashes.first, Hexadecimal.decode(hash)?.count != Signature.byteCount {
            throw .unsupported(
                "X-Amz-Content-Sha256 is not the hash of the body; unsigned and chunk-signed bodies are not")
        }
        guard request.values("x-amz-security-token").isEmpty else {
            throw .unsupported("temporary credentials are not; unset AWS_SESSION_TOKEN")
        }
    }

    private static func parts(
        _ text: Substring
    ) throws(SignatureError) -> (credential: Substring, signedHeaders: Substring, signature: Substring) {
        var values: [Substring: Substring] = [:]
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let part = part.drop { $0 == " " }
            let name = part.prefix { $0 != "=" }
            guard values.updateValue(part.dropFirst(name.count + 1), forKey: name) == nil else {
                throw .incomplete("Authorization names a part twice")
            }
        }
        guard values.count == 3, let credential = values["Credential"], let headers = values["SignedHeaders"],
            let signature = values["Signature"]
        else { throw .incomplete("Authorization is not made of Credential, SignedHeaders and Signature") }
        return (credential, headers, signature)
    }
}
