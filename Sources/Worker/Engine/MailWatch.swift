/// When the engine looks at its mail.
struct MailWatch {
    /// So many messages wake it.
    private(set) var worthWaking = 1
    /// By then it looks by itself; nil where every message wakes it.
    private(set) var nextLook: Duration?

    /// While nothing is read, answers come many at a time, and every awakening takes the processor from a connection. No harm
    /// is done where up to a quarter of the calls are answered before others take their places.
    init(sendsFirst: Bool, concurrency: Int) {
        guard sendsFirst, concurrency >= 8 else { return }
        worthWaking = concurrency / 4
        nextLook = .milliseconds(1)
    }
}
