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
        // The environment and the YAML file behind the flags.
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        // Deque and Heap: lane queues and the one timer heap that stands in for a task per lane.
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        // SHA-256 and HMAC: client tokens and SigV4.
        .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
        // Trace context from records to calls and log lines.
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-service-context", from: "1.5.0"),
        // One logging front for every target.
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        // One front for metrics: the worker counts, whoever serves /metrics brings the factory.
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        // HTTP field names, which the server's requests and responses are made of.
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        // Event loops, and HTTP/1.1 as the dataset client speaks it: what it holds in flight, when it stops sending and which
        // thread judges an answer are its own matters. ByteBuffer, the currency of both the client and the server.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        // TLS: the service's certificate, the authorities that the client trusts, the tests' stand-in of a secured broker.
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        // SQLite with WAL, migrations and a typed query layer, under the dataset service.
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        // YAML: the service's file of access keys, and the configuration file's keys with their lines, to name the one that
        // is wrong; swift-configuration reads by it too.
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        // File paths, the form in which swift-configuration takes them.
        .package(url: "https://github.com/apple/swift-system", from: "1.6.0"),
        // HTTP parts on a channel, which connection limits are kept by.
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        // The HTTP server of the dataset service.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        // The tests' client of the HTTP servers.
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        // Start, signal handling and ordered stop of everything that runs.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // librdkafka; the only way to it is the Kafka target.
        .systemLibrary(name: "CRDKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        // SigV4 for the tokens of Amazon MSK.
        .target(name: "Kafka", dependencies: ["CRDKafka", "SigV4"]),

        // simdjson behind a C header; the only way to it is the Labelling target.
        .target(name: "CSimdjson", linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "Labelling", dependencies: ["CSimdjson", "LookoutVision"]),
        .target(
            name: "Settlement",
            dependencies: [
                "CPrefetch", "Labelling", "LookoutVision",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "DequeModule", package: "swift-collections"),
            ]
        ),

        .target(name: "LookoutVision"),
        // Prefetching, which Swift has no way to say: lanes' lines are written to, and batches are read from, many pieces of
        // memory that are long out of the processor's caches.
        .target(name: "CPrefetch"),
        // Base64 by the processor's wide instructions, chosen at run time, which Swift has no way to say.
        .target(name: "CBase64"),
        .target(name: "SigV4", dependencies: [.product(name: "Crypto", package: "swift-crypto")]),
        .target(
            name: "DatasetClient",
            dependencies: [
                "CBase64", "CPrefetch", "SigV4", "LookoutVision",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Instrumentation", package: "swift-distributed-tracing"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "ServiceContextModule", package: "swift-service-context"),
            ]
        ),
        .target(
            name: "DatasetService",
            dependencies: [
                "SigV4", "LookoutVision",
                // Metrics, probes and the frame of the pages.
                "Telemetry",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
                // SQLite's own functions: an update binds its payload's bytes without a copy.
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            // The pages' own style and script, as in Telemetry.
            resources: [.embedInCode("Page/Assets")]
        ),

        .target(
            name: "Worker",
            dependencies: [
                "Kafka", "Labelling", "LookoutVision", "Settlement", "DatasetClient",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceContextModule", package: "swift-service-context"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ]
        ),
        .target(
            name: "Telemetry",
            dependencies: [
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceContextModule", package: "swift-service-context"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ],
            // The pages' style and script are files of their own and part of the program: nothing to install beside it.
            resources: [.embedInCode("Web/Assets"), .embedInCode("Server/Assets")]
        ),
        // The allocator of the program that is delivered. Records are allocated on librdkafka's thread and freed on another
        // one; glibc takes a lock for each of them, which costs a worker at full speed a sixth of its processor time.
        .target(
            name: "CJemalloc",
            linkerSettings: [.linkedLibrary("jemalloc", .when(platforms: [.linux], configuration: .release))]),
        .executableTarget(
            name: "linefeed",
            dependencies: [
                "CJemalloc",
                "DatasetClient", "DatasetService", "Kafka", "Labelling", "LookoutVision", "Settlement", "Telemetry",
                "Worker",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Instrumentation", package: "swift-distributed-tracing"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
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

        // An authority and certificates by it, made anew in each run.
        .target(
            name: "Certificates", dependencies: [.product(name: "NIOSSL", package: "swift-nio-ssl")],
            path: "Tests/Certificates"),
        .testTarget(
            name: "KafkaTests",
            dependencies: [
                "Certificates", "Kafka", "SigV4",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]
        ),
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
                "Certificates", "DatasetClient", "LookoutVision", "SigV4",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]
        ),
        // Connections that send whatever a test wants sent.
        .target(name: "RawHTTP", path: "Tests/RawHTTP"),
        // What is told to Prometheus, and what Prometheus' own tool says of it.
        .target(name: "Exposition", path: "Tests/Exposition"),
        .testTarget(
            name: "DatasetServiceTests",
            dependencies: [
                "DatasetService", "LookoutVision", "RawHTTP", "Telemetry",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOFoundationCompat", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        // The pages over HTTP, and as a browser shows them.
        .testTarget(
            name: "PageTests",
            dependencies: [
                "DatasetService", "Exposition", "LookoutVision", "Telemetry",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOFoundationCompat", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            exclude: ["page_check.py"]
        ),
        // Requests, signatures and lines that nobody meant; what they grow from lies in corpus.
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "DatasetService", "LookoutVision", "RawHTTP", "SigV4",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Tests/Fuzz",
            exclude: ["corpus"]
        ),
        // Real processes of the executable; what they left behind is read without the code that wrote it.
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "Exposition", "Kafka", "linefeed",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            exclude: ["boto3_access.py", "boto3_check.py", "boto3_dataset.py", "boto3_flow.py"]
        ),
        .testTarget(
            name: "WorkerTests",
            dependencies: [
                "DatasetClient", "DatasetService", "Kafka", "Labelling", "LookoutVision", "Settlement", "Telemetry",
                "Worker",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Instrumentation", package: "swift-distributed-tracing"),
                .product(name: "Logging", package: "swift-log"),
                // A factory that remembers, to see what is counted.
                .product(name: "MetricsTestKit", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceContextModule", package: "swift-service-context"),
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
            name: "TelemetryTests",
            dependencies: [
                "Exposition", "Telemetry",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceContextModule", package: "swift-service-context"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ]
        ),
        .testTarget(
            name: "LinefeedTests",
            dependencies: [
                "Certificates", "Kafka", "LookoutVision", "Settlement", "Telemetry", "linefeed",
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
        // What every test runs under costs the program that is delivered an eighth of its poll thread.
        .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
    ]
}
