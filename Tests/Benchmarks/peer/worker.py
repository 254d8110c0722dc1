"""The worker that a user would write: confluent-kafka, orjson and boto3, tuned, at-least-once.

Same grouping and same calls as Linefeed: events per dataset, a batch cut at 10 MiB, 50,000 lines or a second after its
first event, one update of a dataset at a time, DescribeDataset until the status is a terminal one, offsets committed when
all events below them are applied. It remembers nothing: what a crash leaves in doubt is sent again.

Drains what is in the topic and ends; prints {"events": N, "updates": N}.
"""

import argparse
import concurrent.futures
import json
import time

import boto3
import botocore.config
import orjson
from confluent_kafka import Consumer, KafkaError, TopicPartition

MAX_BYTES, MAX_LINES = 10 * 1024 * 1024, 50_000


class Lane:
    __slots__ = ("project", "type", "lines", "bytes", "opened", "offsets", "busy")

    def __init__(self, project, dataset_type):
        self.project, self.type, self.busy = project, dataset_type, False
        self.reset()

    def reset(self):
        self.lines, self.bytes, self.opened = {}, 0, None
        # First and last offset of each partition that the lane's events came from.
        self.offsets = {}


class Worker:
    def __init__(self, options):
        self.options = options
        self.linger = options.linger
        self.consumer = Consumer(
            {
                "bootstrap.servers": options.brokers,
                "group.id": options.group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
            }
        )
        self.client = boto3.client(
            "lookoutvision",
            endpoint_url=options.endpoint,
            region_name="us-east-1",
            config=botocore.config.Config(
                max_pool_connections=options.threads * 2,
                parameter_validation=False,
                retries={"mode": "standard", "max_attempts": 10},
            ),
        )
        # An endpoint that heeds this answers when the update is over; the tuned worker need not ask then.
        self.client.meta.events.register(
            "before-call.lookoutvision.UpdateDatasetEntries",
            lambda params, **_: params["headers"].update({"Prefer": "wait=5"}))
        self.pool = concurrent.futures.ThreadPoolExecutor(options.threads)
        self.lanes = {}
        self.waiting = {}
        self.in_flight = {}
        self.held = 0
        self.positions = {}
        self.committed = {}
        self.events = self.updates = 0

    def run(self):
        self.consumer.subscribe([self.options.topic])
        ended = set()
        while True:
            for message in self.consumer.consume(num_messages=10_000, timeout=0.05):
                error = message.error()
                if error is None:
                    self.append(message)
                elif error.code() == KafkaError._PARTITION_EOF:
                    ended.add(message.partition())
                else:
                    raise RuntimeError(error)
            self.settle()
            assigned = self.consumer.assignment()
            at_end = bool(assigned) and len(ended) >= len(assigned)
            self.cut(at_end)
            self.commit()
            if at_end and not self.waiting and not self.in_flight:
                break
        self.consumer.close()
        self.pool.shutdown()
        print(json.dumps({"events": self.events, "updates": self.updates}))

    def append(self, message):
        value = orjson.loads(message.value())
        key = (value["project"], value["datasetType"])
        lane = self.lanes.get(key)
        if lane is None:
            lane = self.lanes[key] = Lane(*key)
        entry = value["entry"]
        line = orjson.dumps(entry)
        if lane.opened is None:
            lane.opened = time.monotonic()
            self.waiting[key] = lane
        # The last event of an image wins and stands at its own place.
        lane.lines.pop(entry["source-ref"], None)
        lane.lines[entry["source-ref"]] = line
        lane.bytes += len(line) + 1
        self.held += len(line) + 1
        partition, offset = message.partition(), message.offset()
        self.positions[partition] = offset + 1
        span = lane.offsets.get(partition)
        lane.offsets[partition] = (offset if span is None else span[0], offset)
        self.events += 1
        if lane.bytes >= MAX_BYTES or len(lane.lines) >= MAX_LINES:
            self.send(lane)

    def cut(self, at_end):
        now = time.monotonic()
        for lane in list(self.waiting.values()):
            if at_end or now - lane.opened >= self.linger:
                self.send(lane)

    def send(self, lane):
        if lane.busy:
            if lane.bytes < 2 * MAX_BYTES:
                return
            # It must not grow without bound: wait for its own update.
            concurrent.futures.wait([f for f, (other, *_) in self.in_flight.items() if other is lane])
            self.settle()
        lane.busy = True
        payload = b"\n".join(lane.lines.values())
        future = self.pool.submit(self.update, lane.project, lane.type, payload)
        self.in_flight[future] = (lane, lane.offsets, lane.bytes)
        lane.reset()
        self.waiting.pop((lane.project, lane.type), None)
        while self.held > self.options.memory and self.in_flight:
            concurrent.futures.wait(self.in_flight, return_when=concurrent.futures.FIRST_COMPLETED)
            self.settle()

    def update(self, project, dataset_type, payload):
        arguments = {"ProjectName": project, "DatasetType": dataset_type}
        status = self.client.update_dataset_entries(Changes=payload, **arguments)["Status"]
        pause = 0.005
        while not status.endswith("_COMPLETE"):
            status = self.client.describe_dataset(**arguments)["DatasetDescription"]["Status"]
            if status.endswith("_COMPLETE"):
                break
            time.sleep(pause)
            pause = min(pause * 2, 5)
        if status != "UPDATE_COMPLETE":
            raise RuntimeError(f"{project}: {status}")

    def settle(self):
        for future in [f for f in self.in_flight if f.done()]:
            lane, _, size = self.in_flight.pop(future)
            future.result()
            lane.busy = False
            self.held -= size
            self.updates += 1

    def commit(self):
        lowest = dict(self.positions)
        spans = [lane.offsets for lane in self.waiting.values()]
        spans += [offsets for _, offsets, _ in self.in_flight.values()]
        for offsets in spans:
            for partition, (first, _) in offsets.items():
                lowest[partition] = min(lowest[partition], first)
        moved = {p: o for p, o in lowest.items() if self.committed.get(p) != o}
        if moved:
            offsets = [TopicPartition(self.options.topic, p, o) for p, o in moved.items()]
            self.consumer.commit(offsets=offsets, asynchronous=False)
            self.committed.update(moved)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--group", required=True)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--threads", type=int, default=32)
    parser.add_argument("--linger", type=float, default=1)
    parser.add_argument("--memory", type=int, default=512 << 20, help="bytes of lines waiting and in flight")
    Worker(parser.parse_args()).run()


if __name__ == "__main__":
    main()
