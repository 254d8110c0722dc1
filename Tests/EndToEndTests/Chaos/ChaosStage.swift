import FoundationEssentials

/// The processes of a chaos run and what is done to them.
actor ChaosStage {
    private let arena: Arena
    private let setup: Arena.Setup
    private let cluster: FaultyCluster
    private let proxy: FaultProxy
    private let servicePort: Int
    private let options: [String]

    private var service: Child
    private var isServiceDown = false
    private var workers: [Child] = []
    private var frozen: [Int: Child] = [:]
    private var started = 0

    private(set) var workerKills = 0
    private(set) var serviceKills = 0
    private(set) var freezes = 0
    private(set) var serviceFreezes = 0
    private(set) var brokerFaults: [String: Int] = [:]
    /// Of these, moves of the coordinator, and answers that say that it has moved or is not there.
    private(set) var coordinatorFaults = 0
    /// What was done when, for whoever has to find out why.
    private(set) var diary: [String] = []

    init(
        arena: Arena, setup: Arena.Setup, cluster: FaultyCluster, proxy: FaultProxy, service: Child, servicePort: Int,
        options: [String]
    ) {
        self.arena = arena
        self.setup = setup
        self.cluster = cluster
        self.proxy = proxy
        self.service = service
        self.servicePort = servicePort
        self.options = options
    }

    func begin(_ plan: ChaosPlan) async throws {
        for line in plan.overture() { try await cluster.inject(line) }
        for _ in 0..<ChaosPlan.workers { workers.append(try startWorker()) }
    }

    private func startWorker() throws -> Child {
        started += 1
        return try arena.startWorker("worker \(started)", setup, options, drain: false)
    }

    func play(_ plan: ChaosPlan) async throws {
        let start = ContinuousClock.now
        for step in plan.steps {
            try await arena.wait(until: start + step.time)
            try await perform(step.action)
        }
    }

    private func perform(_ action: ChaosPlan.Action) async throws {
        note("\(action)")
        switch action {
        case .killWorker(let index):
            workers[index].kill()
            workers[index] = try startWorker()
            workerKills += 1
            note("worker \(started) takes place \(index)")
        case .freezeWorker(let index):
            frozen[index] = workers[index]
            workers[index].freeze()
            freezes += 1
        case .thawWorker(let index): frozen.removeValue(forKey: index)?.thaw()
        case .killService:
            guard !isServiceDown else { break }
            isServiceDown = true
            service.kill()
            serviceKills += 1
            let service = service
            try await arena.until("the service is dead", within: .seconds(60)) { service.end != nil }
        case .startService: try await restoreService()
        case .freezeService:
            guard !isServiceDown else { break }
            service.freeze()
            serviceFreezes += 1
        case .thawService: service.thaw()
        case .broker(let fault):
            let words = fault.split(separator: " ")
            let kind = words[0] == "errors" ? words[0...1].joined(separator: " ") : String(words[0])
            brokerFaults[kind, default: 0] += 1
            if fault.contains("COORDINATOR") || kind == "coordinator" { coordinatorFaults += 1 }
            try await cluster.inject(fault)
        case .proxyFaults(let percent): proxy.mode = .faulty(percent: percent)
        }
    }

    private func restoreService() async throws {
        guard isServiceDown else { return }
        service = try await arena.startService(port: servicePort, applyDelay: ChaosRun.applyDelay).child
        isServiceDown = false
    }

    /// Ends all faults: four workers, a service, a cluster and a network that work.
    func recover(_ plan: ChaosPlan) async throws {
        note("recovery")
        for child in frozen.values { child.thaw() }
        frozen = [:]
        service.thaw()
        try await restoreService()
        for fault in plan.recovery() { try await cluster.inject(fault) }
        proxy.mode = .honest
    }

    /// Ends the workers in good order.
    func dismiss() async throws {
        note("SIGTERM")
        for worker in workers { worker.terminate() }
        for worker in workers { try await arena.ended(worker, within: .seconds(60)) }
    }

    func note(_ text: String) {
        // As the processes' own logs have it.
        let time = Date.now.formatted(.iso8601.time(includingFractionalSeconds: true))
        diary.append("\(time) \(text)")
    }
}
