import Kafka
import Synchronization
import Testing

@testable import Worker

/// The small parts, each by itself.
struct OutstandingCommitTests {
    private let commit = OutstandingCommit(
        commits: [
            OffsetCommit(partition: 0, offset: 5, metadata: "new"),
            OffsetCommit(partition: 1, offset: 7, metadata: "x"),
        ], deadline: 0)
    private let before: [Int32: OffsetCommit] = [0: OffsetCommit(partition: 0, offset: 5, metadata: "old")]

    private func found(_ partition: Int32, _ offset: Int64?, _ metadata: String) -> CommittedOffset {
        CommittedOffset(partition: partition, offset: offset, metadata: metadata)
    }

    @Test func whatWasWrittenIsThere() throws {
        let finding = try commit.compare([found(0, 5, "new"), found(1, 7, "x")], before: before)
        #expect(finding == .resolved(missing: []))
    }

    @Test func whatWasThereBeforeIsStillThere() throws {
        let finding = try commit.compare([found(0, 5, "old"), found(1, nil, "")], before: before)
        #expect(finding == .resolved(missing: [0, 1]))
    }

    @Test func anotherWriterIsFound() throws {
        let finding = try commit.compare([found(0, 5, ""), found(1, 7, "x")], before: before)
        #expect(finding == .foreign(partition: 0))
    }

    @Test func aPartitionThatCannotBeReadDecidesNothing() {
        let error = KafkaError(code: 14, name: "COORDINATOR_LOAD_IN_PROGRESS", message: "", operation: "read")
        #expect(throws: KafkaError.self) {
            try commit.compare(
                [CommittedOffset(partition: 0, offset: nil, metadata: "", error: error)], before: before)
        }
    }
}

struct MailWatchTests {
    @Test func everyMessageWakesWhileRecordsAreRead() {
        for concurrency in [1, 7, 8, 32] {
            let watch = MailWatch(sendsFirst: false, concurrency: concurrency)
            #expect(watch.worthWaking == 1 && watch.nextLook == nil)
        }
    }

    /// Where calls are few every message wakes: none of their places may stay free.
    @Test(arguments: [(1, 1), (7, 1), (8, 2), (32, 8)])
    func aQuarterOfTheCallsWakesWhileRecordsAreHeld(concurrency: Int, messages: Int) {
        let watch = MailWatch(sendsFirst: true, concurrency: concurrency)
        #expect(watch.worthWaking == messages)
        #expect(watch.nextLook == (messages > 1 ? .milliseconds(1) : nil))
    }
}

struct MailboxTests {
    @Test func mailThatCameBeforeTheConnectionWakes() {
        let wakes = Mutex(0)
        let mailbox = Mailbox()
        mailbox.post(.stop(grace: .zero))
        mailbox.connect { wakes.withLock { $0 += 1 } }
        #expect(wakes.withLock { $0 } == 1)
        mailbox.post(.stop(grace: .zero))
        #expect(wakes.withLock { $0 } == 2)
        #expect(mailbox.take().count == 2)
        #expect(mailbox.take().isEmpty)
    }

    @Test func fewMessagesWakeNobodyWhileTheyAreNotWorthIt() {
        let wakes = Mutex(0)
        let mailbox = Mailbox()
        mailbox.connect { wakes.withLock { $0 += 1 } }
        mailbox.wake(forAtLeast: 3)
        mailbox.post(.stop(grace: .zero))
        mailbox.post(.stop(grace: .zero))
        #expect(wakes.withLock { $0 } == 0)
        mailbox.post(.stop(grace: .zero))
        #expect(wakes.withLock { $0 } == 1)
        #expect(mailbox.take().count == 3)
        mailbox.post(.stop(grace: .zero))
        #expect(wakes.withLock { $0 } == 1)
        mailbox.wake(forAtLeast: 2)
        #expect(wakes.withLock { $0 } == 1, "still too few")
        mailbox.wake(forAtLeast: 1)
        #expect(wakes.withLock { $0 } == 2, "it has waited for that")
        _ = mailbox.take()
        mailbox.wake(forAtLeast: 1)
        #expect(wakes.withLock { $0 } == 2, "there is nothing to be read")
    }
}
