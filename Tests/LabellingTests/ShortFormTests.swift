import Testing

@testable import Labelling

@Suite("The short form makes the documented lines")
struct ShortFormTests {
    private func decode(_ fields: String) -> Outcome {
        var subject = Subject()
        return subject.decode(#"{"project":"boards","datasetType":"train",\#(fields)}"#)
    }

    @Test("An anomaly with all that can be said of it")
    func segmentation() throws {
        let fields = ##"""
            "classes": [{"name": "scratch", "color": "#ff0000"}, {"color": "#2CA02c", "name": "a \"dent\""}],
            "mask": "s3://b/masks/1.png", "confidence": 0.970, "labeller": "job/42",
            "labelledAt": "2026-11-23T10:00:00Z", "label": "anomaly", "image": "s3:\/\/b/k\u00e9.jpg"
            """##
        let event = try #require(decode(fields).event)
        #expect(event.sourceRef == "s3://b/ké.jpg")
        #expect(
            event.written == ##"""
                {"source-ref":"s3:\/\/b/k\u00e9.jpg","anomaly-label":1,"anomaly-label-metadata":\##
                {"class-name":"anomaly","confidence":0.970,"job-name":"job/42","human-annotated":"yes",\##
                "creation-date":"2026-11-23T10:00:00Z","type":"groundtruth/image-classification"},\##
                "anomaly-mask-ref":"s3://b/masks/1.png","anomaly-mask-ref-metadata":{"internal-color-map":\##
                {"0":{"class-name":"BACKGROUND","hex-color":"#ffffff"},"1":{"class-name":"scratch",\##
                "hex-color":"#ff0000"},"2":{"class-name":"a \"dent\"","hex-color":"#2CA02c"}},"job-name":"job/42",\##
                "human-annotated":"yes","creation-date":"2026-11-23T10:00:00Z",\##
                "type":"groundtruth/semantic-segmentation"}}
                """##)
        #expect(event.line == event.written)
    }

    @Test("What is not said is not made up; null says nothing")
    func least() throws {
        let normal = #"""
            {"source-ref":"s3://b/k","anomaly-label":0,"anomaly-label-metadata":{"class-name":"normal",\#
            "human-annotated":"yes","type":"groundtruth/image-classification"}}
            """#
        #expect(decode(#""image":"s3://b/k","label":"normal""#).event?.written == normal)
        #expect(
            decode(
                #""image":"s3://b/k","label":"normal","labelledAt":null,"labeller":null,"confidence":null,"mask":null,"classes":null"#
            ).event?.written == normal)
    }

    @Test("An image without a label is its reference alone")
    func unlabelled() throws {
        let fields = #""image":"s3://b/k","label":null,"labeller":"x","labelledAt":"2026-11-23T10:00:00Z""#
        #expect(decode(fields).event?.written == #"{"source-ref":"s3://b/k"}"#)
    }

    @Test("A normal image may have a mask, all of it background")
    func background() throws {
        let event = try #require(decode(#""image":"s3://b/k","label":"normal","mask":"s3://b/m""#).event)
        #expect(
            event.written.hasSuffix(
                ##""internal-color-map":{"0":{"class-name":"BACKGROUND","hex-color":"#ffffff"}},"##
                    + ##""human-annotated":"yes","type":"groundtruth/semantic-segmentation"}}"##))
    }

    @Test("Dates of ISO 8601 are taken, with or without fraction and zone")
    func dates() {
        for date in [
            "2026-11-23T10:00:00Z", "2026-11-23T10:00:00", "2020-04-15T20:17:23.433061", "2022-08-22T20:52:51.851Z",
            "2024-02-29T23:59:60+05:30", "2000-02-29T00:00:00-0800", "2026-11-23T10:00:00\\u005a",
        ] {
            let outcome = decode(#""image":"s3://b/k","label":"normal","labelledAt":"\#(date)""#)
            #expect(outcome.event?.written.contains(#""creation-date":"\#(date)""#) == true, "\(date): \(outcome)")
        }
    }

    @Test("A confidence is any number from 0 to 1, and stays as it was written")
    func confidences() {
        for confidence in ["0", "1", "-0", "1.0", "0.5e0", "5E-1", "1e-300"] {
            let outcome = decode(#""image":"s3://b/k","label":"normal","confidence":\#(confidence)"#)
            #expect(
                outcome.event?.written.contains(#""confidence":\#(confidence),"#) == true, "\(confidence): \(outcome)")
        }
    }
}
