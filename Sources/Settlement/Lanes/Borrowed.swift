/// An object that somebody else keeps for as long as it is used here.
///
/// For what is looked at with every event. A reference is counted by an instruction that waits until all that was written
/// before has reached the caches: where thousands of lanes grow side by side, each in memory that is long out of them, that
/// is half of the time that an event takes.
struct Borrowed<Object: AnyObject> {
    private let object: Unmanaged<Object>

    /// `object` must be kept elsewhere.
    init(_ object: Object) { self.object = .passUnretained(object) }

    /// Whatever `body` does must leave the object kept.
    @inline(__always)
    func use<Result>(_ body: (Object) -> Result) -> Result { object._withUnsafeGuaranteedRef(body) }

    /// The object itself, counted.
    var owned: Object { object.takeUnretainedValue() }
}
