import Crypto
import Testing

@testable import SigV4

/// The vectors that AWS published as `aws-sig-v4-test-suite`: request and literal signature.
struct PublishedVector: Sendable, CustomTestStringConvertible {
    let name: String
    var method = "GET"
    var path = "/"
    var query = ""
    var headers: [(name: String, value: String)] = []
    var body = ""
    var sessionToken: String?
    let signature: String

    var testDescription: String { name }
}

@Suite struct PublishedVectorTests {
    @Test(arguments: PublishedVector.all)
    func signatureIsThePublishedOne(_ vector: PublishedVector) throws {
        let signer = Signer(region: "us-east-1", service: "service")
        let added = signer.headers(
            signing: vector.method, path: vector.path, query: vector.query,
            headers: [(name: "Host", value: "example.amazonaws.com")] + vector.headers,
            payloadSHA256: SHA256.hash(data: Array(vector.body.utf8)).withUnsafeBytes(Hexadecimal.encode),
            credentials: Credentials(
                accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                sessionToken: vector.sessionToken),
            date: SigningDate(secondsSince1970: 1_440_938_160))
        let authorization = try #require(added.last)
        #expect(authorization.name == "Authorization")
        #expect(authorization.value.hasSuffix("Signature=\(vector.signature)"))
        #expect(
            authorization.value.hasPrefix(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders="))
    }

    @Test func everyStepOfGetVanillaIsThePublishedText() {
        let request = CanonicalRequest(
            method: "GET", path: "/", query: "",
            headers: [
                (name: "X-Amz-Date", value: "20150830T123600Z"), (name: "Host", value: "example.amazonaws.com"),
            ],
            payloadSHA256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            String(decoding: request.bytes, as: UTF8.self) == """
                GET
                /

                host:example.amazonaws.com
                x-amz-date:20150830T123600Z

                host;x-amz-date
                e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
                """)
        let scope = CredentialScope(day: "20150830", region: "us-east-1", service: "service")
        #expect(
            String(
                decoding: Signature.stringToSign(request, timestamp: "20150830T123600Z", scope: scope), as: UTF8.self)
                    == """
                    AWS4-HMAC-SHA256
                    20150830T123600Z
                    20150830/us-east-1/service/aws4_request
                    bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63
                    """)
    }
}

extension PublishedVector {
    private static let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    private static let token =
        "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUu"
        + "wthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQc"
        + "HNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/o"
        + "LxBA=="

    static let all = [
        PublishedVector(
            name: "get-vanilla", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        PublishedVector(
            name: "get-vanilla-query-order-key-case", query: "Param2=value2&Param1=value1",
            signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        PublishedVector(
            name: "get-vanilla-empty-query-key", query: "Param1=value1",
            signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
        PublishedVector(
            name: "get-vanilla-query-order-value", query: "Param1=value2&Param1=value1",
            signature: "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"),
        PublishedVector(
            name: "get-vanilla-query-unreserved", query: "\(unreserved)=\(unreserved)",
            signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
        PublishedVector(
            name: "get-vanilla-utf8-query", query: "\u{1234}=bar",
            signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
        PublishedVector(
            name: "get-unreserved", path: "/\(unreserved)",
            signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
        PublishedVector(
            name: "get-utf8", path: "/\u{1234}",
            signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        PublishedVector(
            name: "get-space", path: "/example space/",
            signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
        PublishedVector(
            name: "get-slashes", path: "//example//",
            signature: "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
        PublishedVector(
            name: "get-relative", path: "/example/..",
            signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        PublishedVector(
            name: "get-slash-pointless-dot", path: "/./example",
            signature: "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"),
        PublishedVector(
            name: "get-header-value-trim",
            headers: [
                (name: "My-Header1", value: " value1"), (name: "My-Header2", value: " \"a   b   c\""),
            ],
            signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
        PublishedVector(
            name: "get-header-key-duplicate",
            headers: ["value2", "value2", "value1"].map { (name: "My-Header1", value: $0) },
            signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"),
        PublishedVector(
            name: "get-header-value-order",
            headers: ["value4", "value1", "value3", "value2"].map { (name: "My-Header1", value: $0) },
            signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"),
        PublishedVector(
            name: "post-vanilla", method: "POST",
            signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        PublishedVector(
            name: "post-vanilla-query", method: "POST", query: "Param1=value1",
            signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
        PublishedVector(
            name: "post-header-key-sort", method: "POST", headers: [(name: "My-Header1", value: "value1")],
            signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
        PublishedVector(
            name: "post-header-value-case", method: "POST", headers: [(name: "My-Header1", value: "VALUE1")],
            signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
        PublishedVector(
            name: "post-sts-header-before", method: "POST", sessionToken: token,
            signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
        PublishedVector(
            name: "post-x-www-form-urlencoded", method: "POST",
            headers: [(name: "Content-Type", value: "application/x-www-form-urlencoded")], body: "Param1=value1",
            signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
        PublishedVector(
            name: "post-x-www-form-urlencoded-parameters", method: "POST",
            headers: [(name: "Content-Type", value: "application/x-www-form-urlencoded; charset=utf8")],
            body: "Param1=value1", signature: "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"),
    ]
}
