import ArgumentParser
import Certificates
import Foundation
import Kafka
import Testing

@testable import linefeed

@Suite struct KafkaSecurityTests {
    private func properties(_ values: String...) throws -> KafkaProperties {
        try KafkaOptions.parse(values.flatMap { ["--kafka", $0] }).kafkaProperties
    }

    private func mistake(_ values: String...) -> String {
        do {
            _ = try KafkaOptions.parse(values.flatMap { ["--kafka", $0] })
            return ""
        } catch {
            return KafkaOptions.message(for: error)
        }
    }

    @Test func aSecretComesFromAFile() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "linefeed-\(UUID().uuidString)").path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try "pass word \n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try properties("sasl.password=@\(path)")["sasl.password"] == "pass word ")
        #expect(try properties("sasl.password=@@home=@x")["sasl.password"] == "@home=@x")
        #expect(mistake("sasl.password=@/nowhere/x").contains("sasl.password: the file /nowhere/x cannot be read"))
    }

    @Test func tokensForAmazonMSK() throws {
        let msk = try properties("sasl.oauthbearer.method=aws-msk-iam", "sasl.oauthbearer.config=region=eu-west-1")
        #expect(msk.tokens != nil)
        #expect(msk["security.protocol"] == "sasl_ssl" && msk["sasl.mechanism"] == "OAUTHBEARER")
        // librdkafka would refuse the one and has no use for the other.
        #expect(msk["sasl.oauthbearer.method"] == nil && msk["sasl.oauthbearer.config"] == nil)
        var named: KafkaProperties = [
            "bootstrap.servers": "b-1.x.kafka.us-east-2.amazonaws.com:9098", "sasl.oauthbearer.method": "AWS-MSK-IAM",
        ]
        try KafkaTokens.install(in: &named, environment: [:])
        #expect(named.tokens != nil)
        var nameless: KafkaProperties = ["sasl.oauthbearer.method": "aws-msk-iam"]
        #expect(throws: KafkaTokens.Mistake.self) { try KafkaTokens.install(in: &nameless, environment: [:]) }
        #expect(mistake("sasl.oauthbearer.method=aws-msk-iam", "sasl.oauthbearer.config=eu").contains("name=value"))
    }

    @Test func tokensOfAnOAuthServer() throws {
        let url = "sasl.oauthbearer.token.endpoint.url=https://idp.example/token"
        let oidc = try properties(
            "security.protocol=sasl_ssl", "sasl.oauthbearer.method=oidc", url, "sasl.oauthbearer.client.id=pool",
            "sasl.oauthbearer.client.secret=hidden", "sasl.oauthbearer.extensions=logicalCluster=lkc-1,a=b")
        #expect(oidc.tokens != nil && oidc.entries.allSatisfy { !$0.name.hasPrefix("sasl.oauthbearer.") })
        let certificates = try Certificates()
        let oauth = [
            "sasl.oauthbearer.method=oidc", url, "sasl.oauthbearer.client.id=pool",
            "sasl.oauthbearer.client.secret=hidden",
        ]
        for location in [certificates.path("ca.pem"), certificates.folder, "probe"] {
            let trusting = try KafkaOptions.parse(
                (oauth + ["ssl.ca.location=\(location)"]).flatMap { ["--kafka", $0] }
            ).kafkaProperties
            // The broker's certificate is still librdkafka's business.
            #expect(trusting.tokens != nil && trusting["ssl.ca.location"] == location)
        }
        let lost = mistake(
            "sasl.oauthbearer.method=oidc", url, "sasl.oauthbearer.client.id=pool",
            "sasl.oauthbearer.client.secret=hidden", "ssl.ca.location=/nowhere.pem")
        #expect(lost.contains("ssl.ca.location: /nowhere.pem cannot be read"))
        let half = mistake("sasl.oauthbearer.method=oidc", url, "sasl.oauthbearer.client.id=pool")
        #expect(half.contains("sasl.oauthbearer.client.secret is not set"))
        let noURL = mistake(
            "sasl.oauthbearer.method=oidc", "sasl.oauthbearer.token.endpoint.url=nonsense",
            "sasl.oauthbearer.client.id=pool", "sasl.oauthbearer.client.secret=hidden")
        #expect(noURL.contains("sasl.oauthbearer.token.endpoint.url: not an endpoint") && !noURL.contains("hidden"))
    }
}
