import Crypto
import Testing

@testable import SigV4

/// What is refused and why, and what is not.
@Suite struct VerifierTests {
    private static let credentials = Credentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "secret/+secret")
    private static let body = #"{"Changes":"e30="}"#
    private static let now = 1_800_000_000
    private let verifier = Verifier(
        service: "lookoutvision", region: nil, protectedHeaders: ["X-Amzn-Client-Token"])

    private static func sha256(_ text: String) -> String {
        SHA256.hash(data: Array(text.utf8)).withUnsafeBytes(Hexadecimal.encode)
    }

    /// A signed request whose parts may then be changed one by one.
    private struct Message {
        var method = "PATCH"
        var target = "/2020-11-20/projects/boards/datasets/train/entries?a=b&c"
        var headers: [(name: String, value: String)] = []
        var body = VerifierTests.body

        init(
            signedAt seconds: Int = VerifierTests.now, region: String = "us-east-1", service: String = "lookoutvision",
            token: String? = nil, extra: [(name: String, value: String)] = []
        ) {
            let unsigned = [
                (name: "Host", value: "127.0.0.1:8080"), (name: "X-Amzn-Client-Token", value: "lf1-abc"),
                (name: "Content-Type", value: "application/json"),
            ]
            headers = unsigned + extra
            let path = target.prefix { $0 != "?" }
            headers += Signer(region: region, service: service).headers(
                signing: method, path: String(path), query: String(target.dropFirst(path.count + 1)), headers: headers,
                payloadSHA256: VerifierTests.sha256(body),
                credentials: Credentials(
                    accessKeyID: credentials.accessKeyID, secretAccessKey: credentials.secretAccessKey,
                    sessionToken: token),
                date: SigningDate(secondsSince1970: seconds))
        }

        var authorization: String {
            get { headers.first { $0.name == "Authorization" }?.value ?? "" }
            set { set("Authorization", newValue) }
        }

        mutating func set(_ name: String, _ value: String?) {
            headers.removeAll { $0.name == name }
            if let value { headers.append((name: name, value: value)) }
        }
    }

    private func check(_ message: Message, secret: String = credentials.secretAccessKey) throws(SignatureError) {
        let request = ReceivedRequest(method: message.method, target: message.target, headers: message.headers)
        let claim = try verifier.claim(of: request, now: Self.now)
        try verifier.verify(
            claim, of: request, payloadSHA256: Self.sha256(message.body), secretAccessKey: secret)
    }

    private func refusal(of message: Message, secret: String = credentials.secretAccessKey) -> SignatureError? {
        do {
            try check(message, secret: secret)
            return nil
        } catch {
            return error
        }
    }

    @Test func whatTheSignerSignsIsAccepted() throws {
        try check(Message())
        try check(Message(extra: [(name: "X-Amz-Content-Sha256", value: Self.sha256(Self.body))]))
        // What proxies add is not signed, and need not be.
        var proxied = Message()
        proxied.headers.append((name: "X-Forwarded-For", value: "10.0.0.1"))
        proxied.headers.append((name: "X-Amzn-Trace-Id", value: "Root=1"))
        try check(proxied)
    }

    @Test(arguments: [-901, -900, 0, 900, 901])
    func clocksMayBeAQuarterOfAnHourApart(_ offset: Int) {
        let refusal = refusal(of: Message(signedAt: Self.now + offset))
        guard abs(offset) > 900 else {
            #expect(refusal == nil)
            return
        }
        guard case .wrongTime(let signed, let now) = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
        #expect(now == SigningDate(secondsSince1970: Self.now).timestamp)
        #expect(signed == SigningDate(secondsSince1970: Self.now + offset).timestamp)
    }

    @Test func whateverIsChangedOnTheWayIsNoticed() {
        let changes: [(String, (inout Message) -> Void)] = [
            ("method", { $0.method = "POST" }),
            ("path", { $0.target = $0.target.replacing("boards", with: "other") }),
            ("query", { $0.target = $0.target.replacing("a=b", with: "a=c") }),
            ("host", { $0.set("Host", "other:8080") }),
            ("client token", { $0.set("X-Amzn-Client-Token", "lf1-abd") }),
            ("content type", { $0.set("Content-Type", "text/plain") }),
            ("a second host", { $0.headers.append((name: "Host", value: "other")) }),
            ("body", { $0.body += " " }),
            ("date", { $0.set("X-Amz-Date", SigningDate(secondsSince1970: Self.now + 1).timestamp) }),
            ("region", { $0.authorization = $0.authorization.replacing("us-east-1", with: "us-east-2") }),
            (
                "last digit",
                {
                    let last = $0.authorization.last == "0" ? "1" : "0"
                    $0.authorization = $0.authorization.dropLast() + last
                }
            ),
        ]
        for (what, change) in changes {
            var message = Message()
            change(&message)
            #expect(refusal(of: message) == .mismatch, "\(what)")
        }
        #expect(refusal(of: Message(), secret: "secret/+secreu") == .mismatch)
        var announced = Message(extra: [(name: "X-Amz-Content-Sha256", value: Self.sha256(Self.body))])
        announced.body += " "
        #expect(refusal(of: announced) == .payloadMismatch)
    }

    @Test func whatIsNoWholeSignatureIsCalledIncomplete() {
        let changes: [(String, (inout Message) -> Void)] = [
            ("two headers", { $0.headers.append((name: "authorization", value: $0.authorization)) }),
            ("no signature", { $0.authorization = String($0.authorization.prefix { $0 != "," }) }),
            ("nothing", { $0.authorization = "AWS4-HMAC-SHA256 " }),
            ("short signature", { $0.authorization.removeLast(2) }),
            ("odd signature", { $0.authorization.removeLast() }),
            ("upper case", { $0.authorization = $0.authorization.replacing("Signature=", with: "Signature=AA") }),
            ("a part twice", { $0.authorization += ", Signature=00" }),
            ("a part too many", { $0.authorization += ", Extra=1" }),
            ("short credential", { $0.authorization = $0.authorization.replacing("/aws4_request", with: "") }),
            ("another end", { $0.authorization = $0.authorization.replacing("aws4_request", with: "aws5_request") }),
            ("empty key", { $0.authorization = $0.authorization.replacing("AKIDEXAMPLE", with: "") }),
            (
                "order of headers",
                { $0.authorization = $0.authorization.replacing("content-type;host", with: "host;content-type") }
            ),
            ("no date", { $0.set("X-Amz-Date", nil) }),
            ("no such date", { $0.set("X-Amz-Date", "20270230T000000Z") }),
            ("another form of date", { $0.set("X-Amz-Date", "2027-01-15T08:00:00Z") }),
            ("another day", { $0.set("X-Amz-Date", SigningDate(secondsSince1970: Self.now + 86400).timestamp) }),
            ("host unsigned", { $0.authorization = $0.authorization.replacing("host;", with: "") }),
            (
                "client token unsigned",
                { $0.authorization = $0.authorization.replacing(";x-amzn-client-token", with: "") }
            ),
            ("header added", { $0.headers.append((name: "X-Amz-Meta", value: "1")) }),
            ("header taken away", { $0.set("Content-Type", nil) }),
        ]
        for (what, change) in changes {
            var message = Message()
            change(&message)
            guard case .incomplete = refusal(of: message) else {
                Issue.record("\(what): \(String(describing: refusal(of: message)))")
                continue
            }
        }
    }

    @Test func otherKindsOfSignatureAreNamed() {
        func isUnsupported(_ message: Message) -> Bool {
            if case .unsupported = refusal(of: message) { true } else { false }
        }
        #expect(isUnsupported(Message(token: "temporary")))
        for hash in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", ""] {
            #expect(isUnsupported(Message(extra: [(name: "X-Amz-Content-Sha256", value: hash)])))
        }
        var other = Message()
        other.authorization = other.authorization.replacing("AWS4-HMAC-SHA256", with: "AWS4-ECDSA-P256-SHA256")
        #expect(isUnsupported(other))
        other.authorization = "Basic YTpi"
        #expect(isUnsupported(other))
        other.set("Authorization", nil)
        #expect(refusal(of: other) == .unsigned)
    }

    @Test func serviceAndRegionHaveToBeTheRightOnes() {
        if case .wrongScope = refusal(of: Message(service: "s3")) {} else { Issue.record("another service") }
        let request = Message()
        let received = ReceivedRequest(method: request.method, target: request.target, headers: request.headers)
        let elsewhere = Verifier(service: "lookoutvision", region: "eu-central-1")
        #expect(throws: SignatureError.wrongScope("the region here is eu-central-1")) {
            try elsewhere.claim(of: received, now: Self.now)
        }
    }

    /// Whoever is refused learns nothing that would help to be accepted.
    @Test func errorsTellNoSecret() {
        for message in [Message(), Message(signedAt: 0)] {
            let text = "\(String(describing: refusal(of: message, secret: "top-secret-key")))"
            let right = message.authorization.suffix(64)
            #expect(!text.contains("top-secret-key"))
            #expect(!text.contains(right))
        }
    }

    @Test func aDateReadsBackAsItWasWritten() {
        for seconds in [0, 951_782_400, 1_440_938_160, 4_102_444_799] {
            let date = SigningDate(secondsSince1970: seconds)
            #expect(SigningDate(timestamp: date.timestamp) == date)
        }
        for text in ["", "20150830T123600", "20150830t123600Z", "20150830T246000Z", "+0150830T123600Z", "２0150830T123"]
        {
            #expect(SigningDate(timestamp: text) == nil)
        }
    }
}

/// The literal signatures of others, which the signer's tests use too.
@Suite struct VerifiedVectorTests {
    @Test(arguments: SignedRequest.all.indices)
    func signatureOfAnIndependentSignerIsAccepted(_ index: Int) throws {
        let signed = SignedRequest.all[index]
        var headers = [(name: "Host", value: signed.host)] + signed.headers.map { (name: $0.0, value: $0.1) }
        headers.append((name: "X-Amz-Date", value: SigningDate(secondsSince1970: signed.seconds).timestamp))
        guard signed.sessionToken == nil else { return }
        try verify(
            headers, method: signed.method, target: "\(signed.path)?\(signed.query)", body: signed.body,
            key: (signed.accessKeyID, signed.secretAccessKey), service: "lookoutvision", region: signed.region,
            seconds: signed.seconds, signature: signed.signature)
    }

    @Test(arguments: PublishedVector.all)
    func publishedSignatureIsAccepted(_ vector: PublishedVector) throws {
        guard vector.sessionToken == nil else { return }
        let seconds = 1_440_938_160
        var headers = [(name: "Host", value: "example.amazonaws.com")] + vector.headers
        headers.append((name: "X-Amz-Date", value: SigningDate(secondsSince1970: seconds).timestamp))
        try verify(
            headers, method: vector.method, target: "\(vector.path)?\(vector.query)", body: vector.body,
            key: ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), service: "service", region: "us-east-1",
            seconds: seconds, signature: vector.signature)
    }

    private func verify(
        _ headers: [(name: String, value: String)], method: String, target: String, body: String,
        key: (id: String, secret: String), service: String, region: String, seconds: Int, signature: String
    ) throws {
        let names = Set(headers.map { $0.name.lowercased() }).sorted().joined(separator: ";")
        let scope = CredentialScope(
            day: SigningDate(secondsSince1970: seconds).day, region: region, service: service)
        let authorization =
            "AWS4-HMAC-SHA256 Credential=\(key.id)/\(scope.text), SignedHeaders=\(names), Signature=\(signature)"
        let request = ReceivedRequest(
            method: method, target: target, headers: headers + [(name: "Authorization", value: authorization)])
        let verifier = Verifier(service: service, region: region)
        let claim = try verifier.claim(of: request, now: seconds + 60)
        #expect(claim.accessKeyID == key.id)
        let hash = SHA256.hash(data: Array(body.utf8)).withUnsafeBytes(Hexadecimal.encode)
        try verifier.verify(claim, of: request, payloadSHA256: hash, secretAccessKey: key.secret)
        #expect(throws: SignatureError.mismatch) {
            try verifier.verify(claim, of: request, payloadSHA256: hash, secretAccessKey: key.secret + "x")
        }
    }
}
