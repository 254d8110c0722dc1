import Crypto
import Testing

@testable import SigV4

@Suite struct SignerTests {
    @Test(arguments: SignedRequest.all.indices)
    func signatureAgreesWithAnIndependentSigner(_ index: Int) throws {
        let request = SignedRequest.all[index]
        let added = Signer(region: request.region, service: "lookoutvision").headers(
            signing: request.method, path: request.path, query: request.query,
            headers: [(name: "Host", value: request.host)] + request.headers.map { (name: $0.0, value: $0.1) },
            payloadSHA256: SHA256.hash(data: Array(request.body.utf8)).withUnsafeBytes(Hexadecimal.encode),
            credentials: Credentials(
                accessKeyID: request.accessKeyID, secretAccessKey: request.secretAccessKey,
                sessionToken: request.sessionToken),
            date: SigningDate(secondsSince1970: request.seconds))
        let authorization = try #require(added.last)
        #expect(authorization.value.hasSuffix("Signature=\(request.signature)"))
        #expect(added.contains { $0.name == "X-Amz-Security-Token" } == (request.sessionToken != nil))
    }

    @Test func anyPartThatChangesChangesTheSignature() {
        func sign(
            _ method: String = "GET", path: String = "/a", query: String = "b=c", host: String = "h",
            payload: String = "00", secret: String = "s", seconds: Int = 0, region: String = "r"
        ) -> String {
            Signer(region: region, service: "lookoutvision").headers(
                signing: method, path: path, query: query, headers: [(name: "host", value: host)],
                payloadSHA256: payload, credentials: Credentials(accessKeyID: "id", secretAccessKey: secret),
                date: SigningDate(secondsSince1970: seconds)
            ).last?.value ?? ""
        }
        let all = [
            sign(), sign("PUT"), sign(path: "/b"), sign(query: "b=d"), sign(host: "g"), sign(payload: "01"),
            sign(secret: "t"), sign(seconds: 1), sign(region: "q"),
        ]
        #expect(Set(all.map { $0.suffix(64) }).count == all.count)
    }

    /// One signer keeps the key it derived last; a signer of its own for each request derives it anew.
    @Test func aKeyThatWasKeptSignsNothingElse() {
        func sign(_ signer: Signer, secret: String, seconds: Int) -> String? {
            signer.headers(
                signing: "GET", path: "/", query: "", headers: [(name: "host", value: "h")], payloadSHA256: "00",
                credentials: Credentials(accessKeyID: "id", secretAccessKey: secret),
                date: SigningDate(secondsSince1970: seconds)
            ).last?.value
        }
        func fresh(_ service: String) -> Signer { Signer(region: "r", service: service) }
        let kept = fresh("s")
        let day = 86_400
        let uses = [("a", 0), ("a", 1), ("b", 1), ("a", 1), ("a", day), ("a", day - 1), ("\u{e9}", 0), ("e\u{301}", 0)]
        for (secret, seconds) in uses {
            let signature = sign(kept, secret: secret, seconds: seconds)
            #expect(signature == sign(fresh("s"), secret: secret, seconds: seconds), "\(secret) \(seconds)")
        }
        #expect(sign(kept, secret: "a", seconds: 0) != sign(fresh("t"), secret: "a", seconds: 0))
    }

    @Test func aSignerNeverShowsTheKeyItKeeps() {
        let signer = Signer(region: "r", service: "s")
        _ = signer.headers(
            signing: "GET", path: "/", query: "", headers: [], payloadSHA256: "00",
            credentials: Credentials(accessKeyID: "id", secretAccessKey: "very-secret"),
            date: SigningDate(secondsSince1970: 0))
        var dumped = ""
        dump(signer, to: &dumped)
        for text in ["\(signer)", String(reflecting: signer), dumped] { #expect(!text.contains("very-secret")) }
    }

    @Test func queryIsOneSpellingHoweverItTravels() {
        #expect(CanonicalRequest.canonicalQuery("b=%2f&a") == "a=&b=%2F")
        #expect(CanonicalRequest.canonicalQuery("b=/&a=") == "a=&b=%2F")
        #expect(CanonicalRequest.canonicalQuery("x=100%&y=%zz&z=a=b") == "x=100%25&y=%25zz&z=a%3Db")
        #expect(CanonicalRequest.canonicalQuery("") == "")
    }

    @Test func pathSegmentsAreEncodedOnceMore() {
        func canonical(_ path: String) -> String {
            var bytes = Array("/kept".utf8)
            CanonicalRequest.appendPath(path, to: &bytes)
            return String(decoding: bytes.dropFirst(5), as: UTF8.self)
        }
        #expect(canonical("/a%20b/c%2Fd") == "/a%2520b/c%252Fd")
        #expect(canonical("/../../x/./y/../") == "/x/")
        #expect(canonical("/x/..") == "/")
        #expect(canonical("/.../..x/%2E%2E") == "/.../..x/%252E%252E")
        #expect(canonical("") == "/")
    }

    /// Also beside what is part of the same character; whoever verifies sees bytes.
    @Test func onlyWhiteSpaceOfValuesIsCollapsed() {
        let request = CanonicalRequest(
            method: "GET", path: "/", query: "",
            headers: [("b", "\t a \r\n\u{301} c\u{a0}\t"), ("a", " "), ("A", ""), ("a", "d  ")],
            payloadSHA256: "00")
        let text = String(decoding: request.bytes, as: UTF8.self)
        #expect(text == "GET\n/\n\na:,,d\nb:a \u{301} c\u{a0}\n\na;b\n00")
    }

    /// Byte by byte, in lower case; repeats stay as they came, and a name that another one begins with comes first.
    @Test func headersAreSortedByTheirNames() {
        let request = CanonicalRequest(
            method: "GET", path: "/", query: "",
            headers: [
                ("x-B", "1"), ("X-a-b", "2"), ("x-b", "3"), ("Host", "h"), ("x-a", "4"), ("X_A", "5"), ("X-B", "6"),
            ],
            payloadSHA256: "00")
        #expect(request.signedHeaders == "host;x-a;x-a-b;x-b;x_a")
        let text = String(decoding: request.bytes, as: UTF8.self)
        #expect(text == "GET\n/\n\nhost:h\nx-a:4\nx-a-b:2\nx-b:1,3,6\nx_a:5\n\nhost;x-a;x-a-b;x-b;x_a\n00")
    }

    @Test func aRequestWithoutHeadersHasThreeEmptyLines() {
        let request = CanonicalRequest(method: "GET", path: "", query: "", headers: [], payloadSHA256: "00")
        #expect(String(decoding: request.bytes, as: UTF8.self) == "GET\n/\n\n\n\n00")
        #expect(request.signedHeaders == "")
    }

    @Test func credentialsNeverShowTheirSecrets() {
        let credentials = Credentials(
            accessKeyID: "AKIDEXAMPLE", secretAccessKey: "very-secret", sessionToken: "token-secret")
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped, "\([credentials])"] {
            #expect(!text.contains("secret"))
            #expect(text.contains("MPLE"))
        }
    }
}
