import Testing

@testable import Labelling

@Suite("Every rejection names the field and why")
struct RejectionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var value: String
        var reason: Rejection.Reason
        var field: String
        var project: String?
        var type: String?

        init(_ value: String, _ reason: Rejection.Reason, _ field: String, project: String? = nil, type: String? = nil)
        {
            self.value = value
            self.reason = reason
            self.field = field
            self.project = project
            self.type = type
        }

        var testDescription: String { "\(reason.rawValue) \(field): \(value.prefix(80))" }
    }

    private static func envelope(_ entry: String) -> String {
        #"{"project":"p","datasetType":"test","entry":\#(entry)}"#
    }
    private static func short(_ fields: String) -> String { #"{"project":"p","datasetType":"test",\#(fields)}"# }
    private static func image(_ fields: String) -> String { short(#""image":"s3://b/k","label":"anomaly",\#(fields)"#) }
    private static func masked(_ classes: String) -> String { image(#""mask":"s3://b/m","classes":\#(classes)"#) }
    private static let line = #"{"source-ref":"s3://b/k"}"#

    /// More classes than any line has room for.
    private static let many = (0..<256).map { index in
        ##"{"name":"x","color":"#0000\##(index < 16 ? "0" : "")\##(String(index, radix: 16))"}"##
    }.joined(separator: ",")

    private static let notJSON: [Case] = [
        "", " \n", "{", "[", "nul", "tru", "nulll", "true false", "{}{}", "{},", "]", "}", ":", ",", "\"", "\"a",
        "\u{FEFF}{}",
        "{\"a\":1,}", "{\"a\" 1}", "{\"a\":}", "{\"a\":", "{\"a\": \n", "{ ", "[1, ", "{\"a\" ", "{a:1}", "{'a':1}",
        "{\"a\":1 \"b\":2}", "{1:2}", "{,}", "{\"a\"}", "[1,]", "[,1]",
        "[1 2]", "[1}", "{\"a\":1]", "[\"a\"\"b\"]", "[\"a\"b]", "[a\"b\"]", "[1\"a\"]", "[true\"a\"]",
        "{\"a\":\"\u{01}\"}", "{\"a\":\"\n\"}", "[\u{0C}1]", "[1\u{0C}]", "[1\u{1A}2]", "[\u{A0}1]", "[\0]",
        "[\\\"a\"]",
        "[01]", "[-]", "[+1]", "[.5]", "[1.]", "[1.e1]", "[1e]", "[1e+]", "[--1]", "[0x1]", "[1_0]", "[NaN]",
        "[Infinity]", "[-01]",
        "[1e999]", "[-1e400]", "[1\(String(repeating: "0", count: 400))]",
        "[\"\\x\"]", "[\"\\u12\"]", "[\"\\u12g4\"]", "[\"\\ud800\"]", "[\"\\udc00\"]", "[\"\\ud800\\u0041\"]",
        "[\"\\ud800\\ud800\"]",
        "/* */{}", "{}//", "{\"\\q\":1}", "{\"project\":\"p\"", "[nUll]", "[True]",
    ].map { Case($0, .notJSON, "value") }

    private static let forms: [Case] =
        [
            Case(envelope(line), .missingField, "linefeed-dataset-type", project: "p"),
            Case(envelope(line), .missingField, "linefeed-project", type: "test"),
            Case(line, .badValue, "linefeed-project", project: "_p", type: "test"),
            Case(line, .badValue, "linefeed-project", project: "", type: "test"),
            Case(line, .badValue, "linefeed-dataset-type", project: "p", type: "Test"),
            Case(envelope(line), .ambiguousForm, "linefeed-project", project: "p", type: "test"),
            Case(image(#""confidence":1"#), .ambiguousForm, "linefeed-project", project: "p", type: "test"),
            Case("{}", .missingField, "source-ref", project: "p", type: "test"),
            Case("[]", .wrongType, "value", project: "p", type: "test"),
            Case(#"{"source-ref":1}"#, .wrongType, "source-ref", project: "p", type: "test"),
            Case(#"{"source-ref":"s3://b/"}"#, .badValue, "source-ref", project: "p", type: "test"),
            Case(
                #"{"source-ref":"s3://b/k","source-ref":"s3://b/k"}"#, .duplicateField, "source-ref", project: "p",
                type: "test"),
            Case(
                #"{"source-ref":"s3://b/k","x":"\#(String(repeating: "x", count: 8192))"}"#, .tooLong, "value",
                project: "p", type: "test"),
            Case("[]", .wrongType, "value"), Case("null", .wrongType, "value"), Case("\"x\"", .wrongType, "value"),
            Case("1", .wrongType, "value"),
            Case("{}", .missingField, "project"), Case(line, .missingField, "project"),
            Case(#"{"project":"p","entry":\#(line)}"#, .missingField, "datasetType"),
            Case(#"{"project":1,"datasetType":"test","entry":\#(line)}"#, .wrongType, "project"),
            Case(#"{"project":null,"datasetType":"test","entry":\#(line)}"#, .wrongType, "project"),
            Case(#"{"project":"","datasetType":"test","entry":\#(line)}"#, .badValue, "project"),
            Case(#"{"project":"a b","datasetType":"test","entry":\#(line)}"#, .badValue, "project"),
            Case(#"{"project":"\u00e9","datasetType":"test","entry":\#(line)}"#, .badValue, "project"),
            Case(#"{"project":"p","datasetType":["test"],"entry":\#(line)}"#, .wrongType, "datasetType"),
            Case(#"{"project":"p","datasetType":"zzz","entry":\#(line)}"#, .badValue, "datasetType"),
            Case(#"{"project":"p","project":"p","datasetType":"test","entry":\#(line)}"#, .duplicateField, "project"),
            Case(
                #"{"project":"p","pro\u006aect":"q","datasetType":"test","entry":\#(line)}"#, .duplicateField, "project"
            ),
            Case(
                #"{"project":"p","datasetType":"test","datasetType":"test","entry":\#(line)}"#, .duplicateField,
                "datasetType"),
            Case(#"{"project":"p","datasetType":"test","entry":\#(line),"entry":\#(line)}"#, .duplicateField, "entry"),
            Case(#"{"project":"p","datasetType":"test"}"#, .missingField, "entry"),
            Case(#"{"project":"p","datasetType":"test","source-ref":"s3://b/k"}"#, .missingField, "entry"),
            Case(envelope("[]"), .wrongType, "entry"), Case(envelope("null"), .wrongType, "entry"),
            Case(envelope(#""{}""#), .wrongType, "entry"),
            Case(envelope("{}"), .missingField, "entry.source-ref"),
            Case(envelope(#"{"a":{"source-ref":"s3://b/k"}}"#), .missingField, "entry.source-ref"),
            Case(envelope(#"{"source-ref":["s3://b/k"]}"#), .wrongType, "entry.source-ref"),
            Case(
                envelope(#"{"source-ref":"s3://b/k","source\u002dref":"s3://b/l"}"#), .duplicateField,
                "entry.source-ref"),
            Case(
                envelope(#"{"x":"\#(String(repeating: "x", count: 8192))","source-ref":"s3://b/k"}"#), .tooLong, "entry"
            ),
            Case(envelope(String(repeating: "[", count: 64) + String(repeating: "]", count: 64)), .tooDeep, "value"),
            Case(String(repeating: "[", count: 100_000), .tooDeep, "value"),
            Case(String(repeating: #"{"a":"#, count: 100_000), .tooDeep, "value"),
            Case(String(repeating: " ", count: EventDecoder.maximumValueBytes + 1), .tooLong, "value"),
        ]
        + ["", "s3://", "s3://b", "s3://b/", "s3:///k", "S3://b/k", "https://b/k", "s3:/b/k", " s3://b/k"].map {
            Case(envelope(#"{"source-ref":"\#($0)"}"#), .badValue, "entry.source-ref")
        }
        + ["source-ref", "image", "label", "labelledAt", "labeller", "confidence", "mask", "classes"].map {
            Case(#"{"project":"p","datasetType":"test","entry":\#(line),"\#($0)":null}"#, .ambiguousForm, $0)
        }

    private static let shortForms: [Case] =
        [
            Case(short(#""image":"s3://b/k""#), .missingField, "label"),
            Case(short(#""label":"normal""#), .missingField, "image"),
            Case(short(#""confidence":1"#), .missingField, "image"),
            Case(short(#""image":"s3://b/k","lable":"normal""#), .unknownField, "lable"),
            Case(image(#""annotator":"x""#), .unknownField, "annotator"),
            Case(image(#""bö\u0073e\n":"x""#), .unknownField, "b??\\u0073e\\n"),
            Case(image(#""source-ref":"s3://b/k""#), .ambiguousForm, "source-ref"),
            Case(image(#""label":"normal""#), .duplicateField, "label"),
            Case(image(#""confidence":1,"confidence":1"#), .duplicateField, "confidence"),
            Case(short(#""image":null,"label":null"#), .wrongType, "image"),
            Case(short(#""image":"k.jpg","label":null"#), .badValue, "image"),
            Case(short(#""image":"s3://b/k","label":1"#), .wrongType, "label"),
            Case(short(#""image":"s3://b/k","label":true"#), .wrongType, "label"),
            Case(short(#""image":"s3://b/k","label":"Anomaly""#), .badValue, "label"),
            Case(short(#""image":"s3://b/k","label":"""#), .badValue, "label"),
            Case(image(#""labelledAt":1700000000"#), .wrongType, "labelledAt"),
            Case(image(#""labeller":42"#), .wrongType, "labeller"),
            Case(image(#""labeller":"""#), .badValue, "labeller"),
            Case(image(#""confidence":"1""#), .wrongType, "confidence"),
            Case(image(#""confidence":true"#), .wrongType, "confidence"),
            Case(image(#""confidence":-0.1"#), .badValue, "confidence"),
            Case(image(#""confidence":1.01"#), .badValue, "confidence"),
            Case(image(#""mask":1"#), .wrongType, "mask"), Case(image(#""mask":"m.png""#), .badValue, "mask"),
            Case(image(#""mask":"s3://other/m.png""#), .badValue, "mask"),
            Case(short(#""image":"s3://b/k","label":null,"mask":"s3://b/m""#), .badValue, "mask"),
            Case(image(#""mask":"s3://b/m""#), .missingField, "classes"), Case(masked("[]"), .missingField, "classes"),
            Case(image(#""classes":[]"#), .badValue, "classes"), Case(masked("{}"), .wrongType, "classes"),
            Case(masked("[1]"), .wrongType, "classes[0]"), Case(masked("[{}]"), .missingField, "classes[0].name"),
            Case(masked(##"[{"name":"x"}]"##), .missingField, "classes[0].color"),
            Case(masked(##"[{"name":1,"color":"#000000"}]"##), .wrongType, "classes[0].name"),
            Case(masked(##"[{"name":"","color":"#000000"}]"##), .badValue, "classes[0].name"),
            Case(masked(##"[{"name":"BACKGROUND","color":"#000000"}]"##), .badValue, "classes[0].name"),
            Case(masked(##"[{"name":"x","color":0}]"##), .wrongType, "classes[0].color"),
            Case(masked(##"[{"name":"x","color":"red"}]"##), .badValue, "classes[0].color"),
            Case(masked(##"[{"name":"x","color":"#00000g"}]"##), .badValue, "classes[0].color"),
            Case(masked(##"[{"name":"x","color":"#FFFFFF"}]"##), .badValue, "classes[0].color"),
            Case(
                masked(##"[{"name":"x","color":"#0000aa"},{"name":"y","color":"#0000AA"}]"##), .badValue,
                "classes[1].color"),
            Case(masked(##"[{"name":"x","name":"y","color":"#000000"}]"##), .duplicateField, "classes[0].name"),
            Case(masked(##"[{"name":"x","color":"#000000","color":"#000000"}]"##), .duplicateField, "classes[0].color"),
            Case(masked(##"[{"name":"x","colour":"#000000"}]"##), .unknownField, "classes[0].colour"),
            Case(masked("[\(many)]"), .tooLong, "classes"),
            Case(image(#""labeller":"\#(String(repeating: "x", count: 8192))""#), .tooLong, "value"),
        ]
        + [
            "", "2026-11-23", "2026-11-23T10:00", "2026-11-23 10:00:00Z", "2026-13-01T10:00:00Z",
            "2026-02-29T10:00:00Z",
            "2026-11-31T10:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T10:60:00Z", "2026-11-23T10:00:00.Z",
            "2026-11-23T10:00:00Zx",
            "2026-11-23T10:00:00+1", "2026-11-23T10:00:00+01:60", "26-11-23T10:00:00Z", "Mon Aug 22 2022",
            "2026-11-23t10:00:00z",
        ].map { Case(image(#""labelledAt":"\#($0)""#), .badValue, "labelledAt") }

    @Test("is rejected, for this reason and naming this field", arguments: notJSON + forms + shortForms)
    func isRejected(_ example: Case) throws {
        var subject = Subject()
        let outcome = subject.decode(example.value, project: example.project, type: example.type)
        let rejection = try #require(outcome.rejection, "\(outcome)")
        #expect(rejection.reason == example.reason, "\(rejection)")
        #expect(rejection.field == example.field, "\(rejection)")
        #expect(!rejection.message.isEmpty && rejection.message.utf8.count <= 200, "\(rejection)")
        #expect(rejection.description.utf8.allSatisfy { (0x20..<0x7F).contains($0) }, "\(rejection)")
        #expect(rejection.field.utf8.count <= Rejection.maximumFieldLength)
    }

    @Test("What is not UTF-8 is not JSON")
    func notUTF8() throws {
        var subject = Subject()
        for bytes: [UInt8] in [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x80],
        ] {
            let value =
                Array(Self.envelope(#"{"source-ref":"s3://b/k","x":""#).utf8.dropLast()) + bytes + Array(#""}}"#.utf8)
            #expect(subject.decode(value).rejection?.reason == .notJSON, "\(bytes)")
        }
        let utf16 = Self.envelope(Self.line).utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        #expect(subject.decode(utf16).rejection?.reason == .notJSON)
    }

    @Test("A long name from the record is shown in part, and only as printable ASCII")
    func bounded() throws {
        var subject = Subject()
        let name = String(repeating: "é\u{1F600}", count: 5000)
        for value in [
            Self.image(#""\#(name)":1"#), Self.masked(##"[{"\##(name)":1}]"##),
            Self.envelope(#"{"source-ref":"\#(name)"}"#),
            #"{"project":"\#(name)","datasetType":"test","entry":{}}"#, Self.image(#""labelledAt":"\#(name)""#),
        ] {
            let rejection = try #require(subject.decode(value).rejection)
            #expect(rejection.field.utf8.count <= Rejection.maximumFieldLength)
            #expect(rejection.message.utf8.count <= 200)
            #expect(rejection.description.utf8.allSatisfy { (0x20..<0x7F).contains($0) })
        }
    }

    @Test("Reasons fit a header and a metric's label")
    func reasons() {
        for reason in Rejection.Reason.allCases {
            #expect(reason.rawValue.utf8.allSatisfy { $0 == UInt8(ascii: "-") || (0x61...0x7A).contains($0) })
        }
    }
}
