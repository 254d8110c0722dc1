/// librdkafka configuration properties, in the order they were set.
///
/// Names and values are librdkafka's own (its CONFIGURATION.md); nothing is checked before a client is made.
/// Values of properties that may hold a secret do not appear in descriptions, dumps or errors.
package struct KafkaProperties: Sendable, ExpressibleByDictionaryLiteral, CustomStringConvertible, CustomReflectable {
    private var order: [String] = []
    private var values: [String: String] = [:]
    /// Where the tokens for `sasl.mechanism=OAUTHBEARER` come from; nil leaves that to librdkafka.
    package var tokens: (any BearerTokenSource)?

    package init() {}

    /// `["bootstrap.servers": "…"]`; a name given twice keeps its last value.
    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { self[name] = value }
    }

    /// The value of a property; setting nil removes it.
    package subscript(name: String) -> String? {
        get { values[name] }
        set {
            if values.updateOptional(newValue, forKey: name) == nil, newValue != nil {
                order.append(name)
            } else if newValue == nil {
                order.removeAll { $0 == name }
            }
        }
    }

    /// All properties, in order.
    package var entries: [(name: String, value: String)] {
        order.compactMap { name in values[name].map { (name, $0) } }
    }

    /// These properties with those of `other` on top.
    package func overridden(by other: KafkaProperties) -> KafkaProperties {
        var result = self
        for (name, value) in other.entries { result[name] = value }
        if let tokens = other.tokens { result.tokens = tokens }
        return result
    }

    /// Sets a property only where nothing is set yet.
    package mutating func setDefault(_ name: String, _ value: String) {
        if self[name] == nil { self[name] = value }
    }

    /// Whether the value of this property may hold a secret. Errs on the side of yes: all of `sasl.*` but the
    /// mechanism, whose value everyone needs when a login fails.
    package static func isSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        if name == "sasl.mechanism" || name == "sasl.mechanisms" { return false }
        return name.hasPrefix("sasl.")
            || ["password", "secret", "key.pem", "oauthbearer", "token", "credential"].contains { name.contains($0) }
    }

    package var description: String {
        entries.map { "\($0.name)=\(Self.isSecret($0.name) ? "***" : $0.value)" }.joined(separator: " ")
    }

    package var customMirror: Mirror {
        Mirror(self, children: ["properties": description])
    }
}

extension Dictionary {
    /// Sets or removes, and answers what was there.
    fileprivate mutating func updateOptional(_ value: Value?, forKey key: Key) -> Value? {
        guard let value else { return removeValue(forKey: key) }
        return updateValue(value, forKey: key)
    }
}
