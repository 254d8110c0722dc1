import Synchronization

/// The keys that hold at the moment. The file may be read again while requests are checked.
final class KeyRing: Sendable {
    let path: String
    private let keys: Mutex<AccessKeys>

    /// Reads the file.
    init(path: String) throws(AccessError) {
        self.path = path
        keys = Mutex(try AccessKeys(path: path))
    }

    subscript(id: String) -> AccessKey? { keys.withLock { $0[id] } }

    /// Takes what the file says now, or keeps what held before where the file is not in order.
    ///
    /// - Returns: how many keys there are.
    @discardableResult
    func reload() throws(AccessError) -> Int {
        let read = try AccessKeys(path: path)
        keys.withLock { $0 = read }
        return read.count
    }
}
