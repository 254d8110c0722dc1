import Foundation
import Testing

@testable import DatasetClient

@Suite struct CredentialsXMLTests {
    @Test func pathsAndTexts() throws {
        let document = try #require(
            XMLDocument(
                Data(
                    """
                    <?xml version="1.0"?><!-- <a> -->
                    <s:Root xmlns:s="u" a='>'>
                      <Empty/><One x="1"> a&lt;b&#x21;&#33; <Deep>d</Deep> c </One><One>second</One><C><![CDATA[<&>]]></C>
                    </s:Root>
                    """.replacing(" a='>'", with: "").utf8)))
        #expect(document.root == "Root")
        #expect(document["Root", "One", "Deep"] == "d")
        #expect(document["Root", "Empty"] == "")
        #expect(document["Root", "C"] == "<&>")
        #expect(document["Root", "Two"] == nil)
    }

    @Test(arguments: [
        "", "text", "<a>", "<a></b>", "<a>&unknown;</a>", "<a>&#xD800;</a>", "<a>&</a>", "<a/><b/>", "<a", "</a>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><a/>", "<a><!-- </a>", "<a><![CDATA[</a>", "x<a/>", "<a/>x", "<></>",
    ])
    func whatIsNotWellFormed(_ text: String) {
        #expect(XMLDocument(Data(text.utf8)) == nil)
    }

    @Test func notUTF8() {
        #expect(XMLDocument(Data([0x3c, 0x61, 0xff, 0x2f, 0x3e])) == nil)
    }
}
