/// The group coordinator: members and generations, eager rebalances, committed offsets with metadata.
///
/// As a real one it checks member and generation of a commit, and not whose the partition is.
struct Coordinator {
    struct Committed {
        var offset: Int64
        var metadata: String
    }

    private(set) var generation = 0
    /// Group member numbers; a process that joins again gets another one.
    private(set) var members: [Int] = []
    /// Who has not joined the rebalance yet; nil while the group is stable.
    private(set) var awaited: Set<Int>?
    private var nextMember = 0
    var committed: [Int32: Committed] = [:]

    var isStable: Bool { awaited == nil }

    /// A process joins. The rebalance that follows is the caller's to announce.
    mutating func join() -> Int {
        nextMember += 1
        members.append(nextMember)
        return nextMember
    }

    /// - Returns: the members that must give up what they have.
    mutating func startRebalance(joined: Int?) -> [Int] {
        if var awaited {
            if let joined { awaited.remove(joined) }
            self.awaited = awaited.intersection(members)
            return []
        }
        awaited = Set(members)
        if let joined { awaited?.remove(joined) }
        return members.filter { $0 != joined }
    }

    mutating func rejoin(_ member: Int) { awaited?.remove(member) }

    mutating func remove(_ member: Int) {
        members.removeAll { $0 == member }
        awaited?.remove(member)
    }

    /// Ends the rebalance if everybody has joined.
    /// - Returns: whether a new generation began.
    mutating func finishRebalance() -> Bool {
        guard let awaited, awaited.isEmpty, !members.isEmpty else { return false }
        self.awaited = nil
        generation += 1
        return true
    }

    func accepts(member: Int, generation: Int) -> Bool {
        members.contains(member) && generation == self.generation
    }
}
