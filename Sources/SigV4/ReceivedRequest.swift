/// A request as it arrived, without its body: what a signature is checked against.
package struct ReceivedRequest: Sendable {
    /// The verb, upper case.
    package let method: String
    /// As it travelled, percent-encoded, without the query.
    package let path: String
    /// As it travelled, without the question mark; empty where there is none.
    package let query: String
    /// All of them in the order they came, `Host` among them; names in any case, repeats allowed.
    package let headers: [(name: String, value: String)]

    /// - Parameters:
    ///   - method: the verb, upper case.
    ///   - target: the request line's: path and query as they travelled.
    ///   - headers: all of them, `Host` among them.
    package init(method: String, target: String, headers: [(name: String, value: String)]) {
        self.method = method
        let path = target.prefix { $0 != "?" }
        self.path = String(path)
        query = String(target.dropFirst(path.count + 1))
        self.headers = headers.map { (name: $0.name.lowercased(), value: $0.value) }
    }

    /// The values of one header; the name in lower case.
    func values(_ name: String) -> [String] {
        headers.filter { $0.name == name }.map(\.value)
    }
}
