import SigV4
import Testing

@testable import Kafka

@Suite struct SecurityValueTests {
    /// Made by AWS's own signer, aws-msk-iam-sasl-signer-python 1.0.2, at 2026-11-23T10:00:00Z.
    @Test(
        arguments: [
            (
                "eu-central-1", "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", nil,
                """
                aHR0cHM6Ly9rYWZrYS5ldS1jZW50cmFsLTEuYW1hem9uYXdzLmNvbS8_QWN0aW9uPWthZmthLWNsdXN0ZXIlM0FDb25uZWN0JlgtQW16LUFs\
                Z29yaXRobT1BV1M0LUhNQUMtU0hBMjU2JlgtQW16LUNyZWRlbnRpYWw9QUtJREVYQU1QTEUlMkYyMDI2MTEyMyUyRmV1LWNlbnRyYWwtMSUy\
                RmthZmthLWNsdXN0ZXIlMkZhd3M0X3JlcXVlc3QmWC1BbXotRGF0ZT0yMDI2MTEyM1QxMDAwMDBaJlgtQW16LUV4cGlyZXM9OTAwJlgtQW16\
                LVNpZ25lZEhlYWRlcnM9aG9zdCZYLUFtei1TaWduYXR1cmU9NTJiODc3MzVlMTk5NGI3YjczNWU5NGYwOGQ4YTYzY2ZmYzYyMzQ2OThhNGE1\
                Yzg4ZDFmZDQ1ZGEzZGZlMWM0OSZVc2VyLUFnZW50PWF3cy1tc2staWFtLXNhc2wtc2lnbmVyLXB5dGhvbiUyRjEuMC4y
                """
            ),
            (
                "us-gov-west-1", "ASIAEXAMPLE", "secret/with+signs", "token//with+=and&",
                """
                aHR0cHM6Ly9rYWZrYS51cy1nb3Ytd2VzdC0xLmFtYXpvbmF3cy5jb20vP0FjdGlvbj1rYWZrYS1jbHVzdGVyJTNBQ29ubmVjdCZYLUFtei1B\
                bGdvcml0aG09QVdTNC1ITUFDLVNIQTI1NiZYLUFtei1DcmVkZW50aWFsPUFTSUFFWEFNUExFJTJGMjAyNjExMjMlMkZ1cy1nb3Ytd2VzdC0x\
                JTJGa2Fma2EtY2x1c3RlciUyRmF3czRfcmVxdWVzdCZYLUFtei1EYXRlPTIwMjYxMTIzVDEwMDAwMFomWC1BbXotRXhwaXJlcz05MDAmWC1B\
                bXotU2lnbmVkSGVhZGVycz1ob3N0JlgtQW16LVNlY3VyaXR5LVRva2VuPXRva2VuJTJGJTJGd2l0aCUyQiUzRGFuZCUyNiZYLUFtei1TaWdu\
                YXR1cmU9MGMxZTI0Zjg4ZjY0NGYwODNhNjgxYmNjYzJlYzI5MzQ2YTY1M2ZkYjlmMjIxMWE0NTI5OTFjMzMyZDEwZWJlMSZVc2VyLUFnZW50\
                PWF3cy1tc2staWFtLXNhc2wtc2lnbmVyLXB5dGhvbiUyRjEuMC4y
                """
            ),
        ] as [(String, String, String, String?, String)])
    func theTokenIsTheOneThatAmazonsSignerMakes(
        _ region: String, _ keyID: String, _ secret: String, _ session: String?, _ expected: String
    ) {
        let token = ManagedStreamingTokens.token(
            region: region,
            credentials: Credentials(accessKeyID: keyID, secretAccessKey: secret, sessionToken: session),
            secondsSince1970: 1_795_428_000, userAgent: "aws-msk-iam-sasl-signer-python%2F1.0.2")
        #expect(token.value == expected)
        #expect(token.expiresAtMilliseconds == 1_795_428_900_000)
        #expect(token.principal == keyID)
    }

    @Test func theRegionInABrokersName() {
        func region(_ broker: String) -> String? { ManagedStreamingTokens.region(ofBroker: broker) }
        #expect(region("b-1.pool.abc123.c2.kafka.eu-central-1.amazonaws.com:9098,b-2.x:1") == "eu-central-1")
        #expect(region("boot-abc.c1.kafka-serverless.us-east-1.amazonaws.com:9098") == "us-east-1")
        #expect(region("B-1.x.KAFKA.cn-north-1.amazonaws.com.cn:9098") == "cn-north-1")
        for other in ["localhost:9092", "", "kafka.amazonaws.com", "ec2-1-2-3-4.compute.us-east-1.amazonaws.com:9092"] {
            #expect(region(other) == nil)
        }
    }

    @Test func aTokenNeverShows() {
        let token = BearerToken(value: "hidden", expiresAtMilliseconds: 0, principal: "pool")
        var dumped = ""
        dump(token, to: &dumped)
        for text in ["\(token)", String(reflecting: token), dumped, "\([token])"] {
            #expect(text.contains("pool") && !text.contains("hidden"))
        }
    }

    @Test(
        arguments: [
            (["sasl.password": "hidden"], "sasl.password", "security.protocol=plaintext"),
            (["security.protocol": "SSL", "sasl.mechanism": "PLAIN"], "sasl.mechanism", "security.protocol=ssl"),
            (["ssl.ca.location": "/x"], "ssl.ca.location", "set it to ssl or sasl_ssl"),
            (["security.protocol": "tls"], "security.protocol", "takes plaintext"),
            (["security.protocol": "sasl_ssl"], "sasl.mechanism", "is not set"),
            (
                ["security.protocol": "sasl_ssl", "sasl.mechanism": "PLAIN", "sasl.username": "u"], "sasl.password",
                "is not set"
            ),
            (
                ["security.protocol": "sasl_ssl", "sasl.mechanism": "scram-sha-512", "sasl.password": "hidden"],
                "sasl.username", "is not set"
            ),
            (
                ["security.protocol": "sasl_ssl", "sasl.mechanism": "OAUTHBEARER"], "sasl.oauthbearer.method",
                "oidc or aws-msk-iam"
            ),
            (
                ["security.protocol": "ssl", "ssl.key.pem": "hidden"], "ssl.key.pem", "needs ssl.certificate.location"
            ),
            (
                ["security.protocol": "ssl", "ssl.certificate.location": "/c"], "ssl.certificate.location",
                "needs ssl.key.location"
            ),
        ] as [([String: String], String, String)])
    func mistakesAreNamedBeforeAnythingIsSent(_ values: [String: String], _ property: String, _ reason: String) {
        var properties = KafkaProperties()
        for (name, value) in values { properties[name] = value }
        let error = #expect(throws: KafkaError.self) { try ClusterReader(properties: properties) }
        #expect(error?.operation == "set property \(property)")
        #expect(error?.message.contains(reason) == true)
        #expect(error?.description.contains("hidden") == false)
    }
}
