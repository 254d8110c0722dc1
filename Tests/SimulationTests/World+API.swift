import LookoutVision
import Settlement

extension World {
    func isUnlucky(_ chance: Double) -> Bool {
        chance > 0 && !hasHealed && Double.random(in: 0..<1, using: &random) < chance
    }

    func sendToAPI(_ request: Request) {
        note("worker \(request.member) sends \(request.key) \(request.lines)")
        // A request that never arrives, and one whose answer does not, look alike.
        if isUnlucky(scenario.lostAnswerChance / 2) {
            after(.network, .member(request.member, .answer(key: request.key, .unreachable(message: "lost"))))
            return
        }
        after(.network, .request(request))
    }

    func arrive(_ request: Request) {
        func answer(_ answer: Answer) {
            let told = isUnlucky(scenario.lostAnswerChance) ? Answer.unreachable(message: "answer lost") : answer
            note("answer to \(request.key): \(told)")
            after(.network, .member(request.member, .answer(key: request.key, told)))
        }
        if let exception = exception(for: request) {
            answer(exception)
            return
        }
        switch api.arrive(
            request, wall: wall, refOf: { log.events[$0].ref },
            isInvalid: { !isRepaired && log.events[$0].kind == .invalid },
            report: report)
        {
        case .answer(let answered): answer(answered)
        case .inProgress(let isNew):
            note("\(request.key) is in progress")
            if isNew { after(.update, .updateEnds(dataset: request.dataset, token: request.token)) }
            if mutation == .acceptedIsSettled {
                answer(.completed)
            } else if isUnlucky(scenario.lostAnswerChance) {
                answer(.unreachable(message: "time-out while polling"))
            }
        }
    }

    private func exception(for request: Request) -> Answer? {
        if stuckDatasets.contains(request.dataset) { return .exception(APIException(.conflict, "for ever busy")) }
        guard !hasHealed else { return nil }
        if areCallsUnreachable { return .unreachable(message: "no route") }
        if areCallsDenied { return .exception(APIException(.accessDenied, "who are you?")) }
        guard isUnlucky(scenario.exceptionChance) else { return nil }
        switch Int.random(in: 0..<5, using: &random) {
        case 0: return .exception(APIException(.throttling, "slow down", retryAfterSeconds: 1))
        case 1: return .exception(APIException(.internalServer, "oops"))
        case 2: return .exception(APIException(.serviceQuotaExceeded, "full"))
        case 3: return .unauthorized(message: "expired")
        default: return .exception(APIException(.conflict, "busy"))
        }
    }

    func endUpdate(_ dataset: Int, _ token: String, isHeardOf: Bool = true) {
        guard var update = api.datasets[dataset].tokens[token], update.status == .inProgress else { return }
        let hasBadLine = !isRepaired && update.lines.contains { log.events[$0].isBad }
        // Never twice for a line, or chance could pass for a bad one.
        let failsByChance =
            isUnlucky(scenario.chanceRollback) && !update.lines.contains { log.events[$0].hasFailedByChance }
        if failsByChance { for id in update.lines { log.events[id].hasFailedByChance = true } }
        let fails = hasBadLine || failsByChance || doUpdatesFail
        if fails {
            update.status = .failed
        } else {
            update.status = .complete
            apply(update.lines, to: dataset, token: token)
        }
        note("\(token) \(fails ? "is rolled back" : "is applied")")
        for waiting in update.waiting {
            let ended: Answer = fails ? .rolledBack(message: "a line was refused") : .completed
            let answer = isHeardOf ? ended : .unreachable(message: "time-out")
            after(.network, .member(waiting.member, .answer(key: waiting.key, answer)))
        }
        update.waiting = []
        api.datasets[dataset].tokens[token] = update
        api.datasets[dataset].updating = nil
    }
}
