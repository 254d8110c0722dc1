internal import ArgumentParser
internal import Foundation
internal import Kafka
internal import Worker

/// How a worker is known to its group.
struct MembershipOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            static: the worker has a name, so that one which is started again in its place within the session \
            time-out has its partitions at once, and nobody else's move; one that is not started again is waited for \
            that long (--kafka session.timeout.ms, 45 s). dynamic: no name; a stop gives the partitions away at once, \
            a start or a stop makes all pause. By default static, and dynamic with --until-end.
            """))
    var membership: MembershipKind?

    @Option(
        help: ArgumentHelp(
            "The name of a static member; no two of a group may have the same. By default the host's name and, if "
                + "there are others on the host, a number.", valueName: "name"))
    var instanceID: String?

    func validate() throws {
        guard let instanceID else { return }
        guard membership != .dynamic else { throw ValidationError("--instance-id goes with --membership static.") }
        guard InstanceSlot.isInstance(instanceID) else {
            throw ValidationError("--instance-id takes letters, digits, '.', '_' and '-', 249 at most.")
        }
    }

    /// Gives the member its name. What it returns must be kept for as long as the member lives.
    func name(
        _ properties: inout KafkaProperties, group: String, untilEnd: Bool
    ) throws -> InstanceSlot? {
        guard properties["group.instance.id"] == nil else {
            // Named with librdkafka's own property.
            guard membership != .dynamic, instanceID == nil else {
                throw CommandFailure("--kafka group.instance.id says otherwise than --membership or --instance-id.")
            }
            return nil
        }
        if let instanceID {
            properties["group.instance.id"] = instanceID
            return nil
        }
        guard membership ?? (untilEnd ? .dynamic : .static) == .static else { return nil }
        do {
            let slot = try InstanceSlot(group: group)
            properties["group.instance.id"] = slot.instance(host: ProcessInfo.processInfo.hostName)
            return slot
        } catch {
            throw CommandFailure(
                "No name for a static member: \(error). Give one by --instance-id, or use --membership dynamic.")
        }
    }
}

enum MembershipKind: String, ExpressibleByArgument, CaseIterable {
    case `static`
    case dynamic
}
