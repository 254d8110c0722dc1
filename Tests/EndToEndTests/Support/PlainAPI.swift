import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The dataset API by plain HTTP, with nothing of the program's own client.
struct PlainAPI: Sendable {
    /// What came back; `members` is the body.
    struct Answer {
        var status: Int
        var latestToken: String?
        private var body: Data

        init(_ response: HTTPURLResponse, _ body: Data) {
            status = response.statusCode
            latestToken = response.value(forHTTPHeaderField: "x-linefeed-latest-update-token")
            self.body = body
        }

        /// A member of the body, or of an object in it.
        func member<Value>(_ path: String...) -> Value? {
            var value = try? JSONSerialization.jsonObject(with: body)
            for name in path { value = (value as? [String: Any])?[name] }
            return value as? Value
        }

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    let url: String
    /// Tried again after this when nobody answers.
    let pause: @Sendable () async -> Void

    /// Asks again and again, until `isOver` says so of an answer. A service that is killed before it is done begins anew,
    /// so that it may take until the last kill, and longer where the machine is slow.
    func poll(_ path: String, _ what: String, until isOver: (Answer) throws -> Bool) async throws -> Answer {
        let deadline = ContinuousClock.now + .seconds(300)
        while true {
            let answer = try await call("GET", path)
            if try isOver(answer) { return answer }
            guard .now < deadline else { throw Failure("\(what) was accepted and is not done: \(answer.text)") }
            await pause()
        }
    }

    /// Calls until there is an answer: a service that is killed is soon there again. The same call may so be made twice.
    func call(_ method: String, _ path: String, _ body: [String: Any]? = nil, token: String? = nil) async throws
        -> Answer
    {
        guard let url = URL(string: "\(url)/2020-11-20/projects\(path)") else { throw Failure("no URL: \(path)") }
        var request = URLRequest(url: url, timeoutInterval: 30)
        request.httpMethod = method
        request.setValue(token, forHTTPHeaderField: "X-Amzn-Client-Token")
        if let body { request.httpBody = try JSONSerialization.data(withJSONObject: body) }
        while true {
            do {
                let (data, response) = try await URLSession.shared.data(for: request)
                guard let response = response as? HTTPURLResponse else { throw Failure("no HTTP: \(response)") }
                let answer = Answer(response, data)
                // What a request is told that was cut off by the stop of the service.
                if answer.status < 500 { return answer }
            } catch is URLError {
                // Nobody was there, or not until the end.
            }
            try Task.checkCancellation()
            await pause()
        }
    }
}
