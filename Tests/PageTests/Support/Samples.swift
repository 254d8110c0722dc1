import Foundation

/// Entries that tests show.
enum Samples {
    /// A line of an image in the bucket `factory`, with a class or none.
    static func line(_ key: String, _ className: String? = nil, date: String = "2026-11-20T08:30:00Z") -> String {
        let label = className.map {
            #","defect":1,"defect-metadata":{"class-name":"\#($0)","type":"groundtruth/image-classification","#
                + #""human-annotated":"yes","creation-date":"\#(date)","job-name":"labelling/night-shift"}"#
        }
        return #"{"source-ref":"s3://factory/\#(key)"\#(label ?? "")}"#
    }

    /// Keys that a page might take for something else than text.
    static let hostileKeys = [
        "<script>window.pwned=1</script>.jpg", #""><img src=x onerror="window.pwned=1">.jpg"#,
        "'><svg onload=window.pwned=1>", "javascript:window.pwned=1", "{{7*7}}${7*7}.jpg", "a\u{202E}gpj.exe",
        "\u{200F}\u{5E2}\u{5D1}\u{5E8}.jpg", "👩‍🔧-é.jpg", "%3Cscript%3E/%2e%2e/%00.jpg",
        "</pre></code></main><style>body{display:none}</style>", "folder/", "a  b\\c&amp;d&#60;.jpg",
        String(repeating: "x", count: 900) + ".jpg",
    ]

    /// Lines with those keys, and with the same tricks in their other members.
    static func hostileLines() throws -> [String] {
        try hostileKeys.map { key in
            let entry: [String: Any] = [
                "source-ref": "s3://factory/\(key)",
                "<b onclick='window.pwned=1'>key</b>": "</pre><script>window.pwned=1</script>",
                "many": ["\\\"", 1.5e10, true, NSNull(), [String: Any](), [Any](), ["deep": [[[Any]()]]]] as [Any],
                "l-metadata": [
                    "class-name": "anomaly", "type": "groundtruth/image-classification",
                    "creation-date": "1999-01-01T00:00:00Z",
                ],
            ]
            let data = try JSONSerialization.data(
                withJSONObject: entry, options: [.withoutEscapingSlashes, .sortedKeys])
            return String(decoding: data, as: UTF8.self)
        }
    }

    /// The lines of a file of the shared manifests; nil where they are not at hand.
    static func manifest(_ name: String) -> [String]? {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = package.appending(path: "../shared/manifests/\(name)")
        return try? String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
    }
}
