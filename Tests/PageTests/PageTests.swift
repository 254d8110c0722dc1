import Foundation
import LookoutVision
import NIOHTTP1
import Testing

@testable import DatasetService

struct PageTests {
    @Test func everyPageIsClosedToOtherSitesAndScripts() async throws {
        try await Stage.run { stage in
            try await stage.create("boards", "train")
            try await stage.update("boards", .train, [Samples.line("a.jpg", "normal")])
            let paths = [
                "/", "/updates", "/projects/boards", "/projects/boards/train", "/projects/boards/train/entries/1",
            ]
            for path in paths + ["/projects/none", "/metrics"] {
                let answer = try await stage.get(path)
                #expect(answer.status == (path == "/projects/none" ? 404 : 200), "\(path)")
                let policy = try #require(answer.headers.first(name: "Content-Security-Policy"))
                #expect(policy.hasPrefix("default-src 'none'") && !policy.contains("unsafe"))
                #expect(answer.headers.first(name: "X-Content-Type-Options") == "nosniff")
                #expect(answer.headers.first(name: "Cache-Control") == "no-store")
                // A site whose name has been made to mean this machine.
                let foreign = try await stage.get(path, host: "evil.example:80")
                #expect(foreign.status == 421)
                #expect(!foreign.text.contains("boards"))
            }
            #expect(try await stage.get("/", host: "localhost:1").status == 200)
            #expect(try await stage.get("/", host: "[::1]:1").status == 200)
            // Probes are asked by any name.
            #expect(try await stage.get("/healthz", host: "evil.example").status == 200)
        }
    }

    @Test func whatIsOpenToOthersOnPurposeIsOpenToAnyName() async throws {
        try await Stage.run(access: .openToAll) { stage in
            for path in ["/", "/updates", "/metrics"] {
                let status = try await stage.get(path, host: "datasets.example").status
                #expect(status == 200)
            }
        }
    }

    @Test func whereThereAreKeysThePageAsksForOne() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "linefeed-\(UUID().uuidString).yaml")
        let keys = """
            keys:
              - id: READER
                secret: 0123456789abcdef0123
                projects: {"*": read}
              - id: NARROW
                secret: 0123456789abcdef4567
                projects: {"boards": admin}
            """
        try Data(keys.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        func basic(_ text: String) -> String { "Basic \(Data(text.utf8).base64EncodedString())" }
        try await Stage.run(access: .keys(path: file.path)) { stage in
            for path in ["/", "/updates", "/projects/boards/train", "/metrics", "/assets/base.css"] {
                let nobody = try await stage.get(path)
                #expect(nobody.status == 401 && nobody.headers.contains(name: "WWW-Authenticate"), "\(path)")
                #expect(!nobody.text.contains("<html"))
                let reader = try await stage.get(path, authorization: basic("READER:0123456789abcdef0123"))
                #expect(reader.status == (path.hasPrefix("/projects") ? 404 : 200), "\(path)")
                let narrow = try await stage.get(path, authorization: basic("NARROW:0123456789abcdef4567"))
                #expect(narrow.status == 403, "\(path)")
            }
            for wrong in ["READER:0123456789abcdef4567", "READER:", ""] {
                for path in ["/", "/metrics"] {
                    #expect(try await stage.get(path, authorization: basic(wrong)).status == 401, "\(path) as \(wrong)")
                }
            }
            // Six guesses have been made; after four more nobody of this address is listened to for a while.
            for _ in 0..<4 { _ = try await stage.get("/", authorization: basic("READER:guess")) }
            let throttled = try await stage.get("/", authorization: basic("READER:0123456789abcdef0123"))
            #expect(throttled.status == 429)
            #expect((1...6).contains(throttled.headers.first(name: "Retry-After").flatMap(Int.init) ?? 0))
            #expect(try await stage.get("/readyz").status == 200)
        }
    }

    @Test func textFromAnywhereIsOnlyText() async throws {
        try await Stage.run { stage in
            try await stage.create("hostile", "train")
            try await stage.update("hostile", .train, Samples.hostileLines())
            #expect(try await stage.store.describeDataset(.init(project: "hostile", type: .train)).counts.total == 13)
            var pages = ["/projects/hostile/train"]
            for key in Samples.hostileKeys {
                var search = URLComponents()
                search.queryItems = [URLQueryItem(name: "q", value: key)]
                pages.append("/projects/hostile/train?\(search.percentEncodedQuery ?? "")")
                pages.append("/?\(search.percentEncodedQuery ?? "")")
            }
            pages += (1...13).map { "/projects/hostile/train/entries/\($0)" }
            for page in pages {
                // A field must give back what was typed, but for what would be markup.
                let text = try await stage.get(page).text.replacing(#/ value="[^"]*"/#, with: "")
                for trick in ["<script>", "<img src=x", "<svg onload", "<style>", "<b onclick", "\u{202E}", "\u{200F}"]
                {
                    let isThere = text.contains(trick)
                    #expect(!isThere, "\(trick) in \(page)")
                }
            }
            let found = try await stage.get("/projects/hostile/train?q=%3Cscript%3Ewindow.pwned%3D1%3C").text
            #expect(found.contains("&lt;script&gt;window.pwned=1&lt;/"))
            #expect(found.contains(#"value="&lt;script&gt;window.pwned=1&lt;""#))
        }
    }

    @Test func addressesThatMakeNoSenseAreAnsweredKindly() async throws {
        try await Stage.run { stage in
            try await stage.create("boards", "train")
            for (path, status, words) in [
                ("/projects/none", 404, "Project none does not exist."),
                ("/projects/boards/test", 404, "Dataset boards/test does not exist."),
                ("/projects/boards/other", 400, "DatasetType must be train or test."),
                ("/projects/%3Cb%3E/train", 400, "ProjectName must be"),
                ("/projects/boards/train/entries/7", 404, "Dataset boards/train has no such entry."),
                ("/projects/boards/train/entries/x", 404, "Dataset boards/train has no such entry."),
                ("/projects/boards/train/entries/99999999999999999999", 404, "no such entry"),
                // Fields that cannot be understood are as if they were not there.
                ("/projects/boards/train?after=x&class=zzz&order=&q=%00%ff", 200, "No entries yet."),
                ("/projects/boards/train?after=5", 200, "There are no more entries."),
                ("/projects/boards/train?q=x", 200, "No entry fits."),
                ("/?after=zzz", 200, "That was the last project."), ("/?q=zzz", 200, "No project is called like"),
                ("/updates?before=1", 200, "There are no earlier updates."), ("/updates", 200, "No updates yet."),
            ] {
                let answer = try await stage.get(path)
                #expect(answer.status == status, "\(path)")
                #expect(answer.text.contains(words), "\(path)")
                #expect(answer.headers.first(name: "content-type") == "text/html; charset=utf-8")
            }
        }
    }

    @Test func anEmptyServiceSaysHowToBegin() async throws {
        try await Stage.run { stage in
            let text = try await stage.get("/").text
            #expect(text.contains("No projects yet.") && text.contains("client.create_project"))
        }
    }

    @Test func manyProjectsComeInPages() async throws {
        try await Stage.run { stage in
            for number in 10..<40 { try await stage.create("project-\(number)") }
            let first = try await stage.get("/").text
            #expect(first.contains(">project-10<") && first.contains(">project-34<") && !first.contains(">project-35<"))
            #expect(first.contains(#"href="/?after=project-34""#))
            let second = try await stage.get("/?after=project-34").text
            #expect(
                second.contains(">project-35<") && second.contains(">project-39<") && !second.contains(">project-34<"))
            #expect(!second.contains("More projects"))
            let found = try await stage.get("/?q=CT-2").text
            #expect(found.contains(">project-20<") && found.contains(">project-29<") && !found.contains(">project-30<"))
        }
    }
}
