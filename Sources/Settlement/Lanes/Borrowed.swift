/// An object that somebody else keeps for as long as it is used here.
///
/// For what is looked at with every event. A reference is counted by an atomic instruction, which on x86-64 waits until all
/// that was written before is in the caches: where thousands of lanes grow side by side, each in memory that is long out of
/// them, that was a tenth of the poll thread's time.
struct Borrowed<Object: AnyObject> {
    private let object: Unmanaged<Object>

    /// `object` must be kept elsewhere.
    @inline(__always)
    init(_ object: Object) { self.object = .passUnretained(object) }

    /// Whatever `body` does must leave the object kept.
    @inline(__always)
    func use<Result>(_ body: (Object) -> Result) -> Result {
        // (The standard library's own, underscored as it is: nothing else there promises to count nothing.)
        object._withUnsafeGuaranteedRef(body)
    }

    /// The object itself, counted.
    var owned: Object { object.takeUnretainedValue() }
}
