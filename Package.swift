// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "linefeed",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "linefeed", targets: ["linefeed"])
    ],
    dependencies: [
        // The command line: flags, help, completion.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        // Deque and Heap: lane queues and the one timer heap that stands in for a task per lane.
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        // SHA-256 and HMAC: client tokens and SigV4.
        .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
        // One logging front for every target.
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        // HTTP field names, which the server's requests and responses are made of.
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        // ByteBuffer, the currency of both the HTTP client and the HTTP server.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        // SQLite with WAL, migrations and a typed query layer, under the dataset service.
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        // The HTTP server of the dataset service.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        // Pooled HTTP client of the dataset client.
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        // Start, signal handling and ordered stop of everything that runs.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // librdkafka; the only way to it is the Kafka target.
        .systemLibrary(name: "CRDKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .target(name: "Kafka", dependencies: ["CRDKafka"]),

        // simdjson behind a C header; the only way to it is the Labelling target.
        .target(name: "CSimdjson", linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "Labelling", dependencies: ["CSimdjson", "LookoutVision"]),
        .target(
            name: "Settlement",
            dependencies: [
                "Labelling", "LookoutVision",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "DequeModule", package: "swift-collections"),
            ]
        ),

        .target(name: "LookoutVision"),
        .target(name: "SigV4", dependencies: [.product(name: "Crypto", package: "swift-crypto")]),
        .target(
            name: "DatasetClient",
            dependencies: [
                "SigV4", "LookoutVision",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]
        ),
        .target(
            name: "DatasetService",
            dependencies: [
                "SigV4", "LookoutVision",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),

        .target(
            name: "Worker",
            dependencies: [
                "Kafka", "Labelling", "LookoutVision", "Settlement", "DatasetClient",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .target(name: "Telemetry", dependencies: [.product(name: "Logging", package: "swift-log")]),
        .executableTarget(
            name: "linefeed",
            dependencies: [
                "DatasetClient", "DatasetService", "Kafka", "Labelling", "LookoutVision", "Settlement", "Telemetry",
                "Worker",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),

        // Tests/Benchmarks/run micro; no product, and no test.
        .executableTarget(
            name: "LinefeedBenchmarks",
            dependencies: [
                "DatasetClient", "Labelling", "LookoutVision", "Settlement", "SigV4",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Tests/Benchmarks/Micro"
        ),

        .testTarget(name: "KafkaTests", dependencies: ["Kafka"]),
        .testTarget(name: "LabellingTests", dependencies: ["Labelling", "LookoutVision"]),
        .testTarget(
            name: "SettlementTests",
            dependencies: [
                "Labelling", "LookoutVision", "Settlement", .product(name: "Crypto", package: "swift-crypto"),
            ]
        ),
        .testTarget(name: "SimulationTests", dependencies: ["Labelling", "LookoutVision", "Settlement"]),
        .testTarget(name: "SigV4Tests", dependencies: ["SigV4", .product(name: "Crypto", package: "swift-crypto")]),
        .testTarget(
            name: "DatasetClientTests",
            dependencies: [
                "DatasetClient", "LookoutVision", "SigV4",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "DatasetServiceTests",
            dependencies: [
                "DatasetService", "LookoutVision",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOFoundationCompat", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        // Real processes of the executable; what they left behind is read without the code that wrote it.
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "Kafka", "linefeed",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            exclude: ["boto3_check.py", "boto3_dataset.py"]
        ),
        .testTarget(
            name: "WorkerTests",
            dependencies: [
                "DatasetClient", "DatasetService", "Kafka", "Labelling", "LookoutVision", "Settlement", "Worker",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .testTarget(
            name: "DeadLetterTests",
            dependencies: [
                "DatasetClient", "Kafka", "Labelling", "LookoutVision", "Settlement", "Worker", "linefeed",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "TelemetryTests", dependencies: ["Telemetry", .product(name: "Logging", package: "swift-log")]),
        .testTarget(
            name: "LinefeedTests",
            dependencies: [
                "Kafka", "LookoutVision", "Settlement", "Telemetry", "linefeed",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
    ]
)

// One set of rules for every Swift target. A misspelt feature name is silently off, so
// Sources/Settlement/CompilerSettings.swift refuses to build without them.
for target in package.targets where [.regular, .executable, .test].contains(target.type) {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
}
