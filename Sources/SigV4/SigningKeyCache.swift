import Crypto
import Synchronization

/// The signing key that was derived last: four authentication codes that all requests of a day have in common, as long as
/// the credentials stay the same.
///
/// Holds one key and never shows it: another secret, day or region takes its place.
final class SigningKeyCache: Sendable, CustomReflectable {
    private struct Entry {
        let secretAccessKey: String
        let scope: CredentialScope
        let key: SymmetricKey

        /// Byte by byte: two spellings of one character are equal strings, and different secrets.
        func isFor(_ secretAccessKey: String, _ scope: CredentialScope) -> Bool {
            self.secretAccessKey.utf8.elementsEqual(secretAccessKey.utf8) && self.scope == scope
        }
    }

    private let last = Mutex<Entry?>(nil)

    /// The key of this secret for this scope.
    func key(secretAccessKey: String, scope: CredentialScope) -> SymmetricKey {
        last.withLock { last in
            if let last, last.isFor(secretAccessKey, scope) { return last.key }
            let key = Signature.signingKey(secretAccessKey: secretAccessKey, scope: scope)
            last = Entry(secretAccessKey: secretAccessKey, scope: scope, key: key)
            return key
        }
    }

    /// `dump` and test frameworks print what the mirror holds.
    var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}
