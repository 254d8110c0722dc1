"""What a worker does while little happens: how soon an event is applied, and what waiting costs."""

import bisect
import collections
import datetime
import json
import os
import signal
import statistics
import subprocess
import tempfile
import time

from harness import BUILD, ENVIRONMENT, LOGS, Server, fail

LINGER = 1.0


def _worker(options, brokers, endpoint, log):
    return subprocess.Popen(
        [options.linefeed, "run", "--brokers", brokers, "--topic", "steady", "--group", "steady", "--endpoint", endpoint,
         "--on-missing-dataset", "create", "--linger", f"{LINGER:g}s", "--log-format", "json", *options.worker_arguments],
        stdout=log, stderr=log, env=os.environ | ENVIRONMENT)


def _cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _settled(path):
    """Of each settled batch in a worker's log: dataset, partition, first offset, cut, and when it was known to be applied."""
    for line in open(path):
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        if "Batch settled" in entry.values():
            yield entry


def _field(entry, name):
    for key, value in entry.items():
        if key == name:
            return value
        if isinstance(value, dict) and name in value:
            return value[name]
    raise KeyError(name)


def _seconds(text):
    """Seconds since 1970 of an ISO 8601 time."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def latency(options):
    """Publish to applied: from handing an event to the producer until the worker knows that its batch was applied."""
    events = options.rate * options.seconds
    with tempfile.TemporaryDirectory() as folder, Server(BUILD / "logserver", "--partitions", options.partitions) as log:
        serve = [options.linefeed, "serve", "--port", "0", "--database", f"{folder}/datasets.sqlite"]
        with Server(*serve) as service, open(LOGS / "latency.log", "w") as out:
            worker = _worker(options, log.address, service.address.split()[-1], out)
            subprocess.run(
                [BUILD / "publish", "--brokers", log.address, "--topic", "steady", "--events", str(events),
                 "--datasets", str(options.datasets), "--partitions", str(options.partitions),
                 "--rate", str(options.rate), "--journal", f"{folder}/journal"],
                check=True, stdout=subprocess.DEVNULL)
            time.sleep(LINGER + 2)
            worker.send_signal(signal.SIGTERM)
            worker.wait()
        published = collections.defaultdict(list)
        for line in open(f"{folder}/journal"):
            partition, offset, dataset, sent = map(int, line.split())
            published[partition, f"board-{dataset:05}/train"].append((offset, sent / 1e6))
    delays, settled = [], 0
    for lane in published.values():
        lane.sort()
    # The first seconds make the datasets, the connections and the group.
    warm = min(sent for lane in published.values() for _, sent in lane) + 5
    for entry in _settled(LOGS / "latency.log"):
        lane = published[int(_field(entry, "partition")), _field(entry, "dataset")]
        offsets = [offset for offset, _ in lane]
        applied = _seconds(_field(entry, "time"))
        span = slice(bisect.bisect_left(offsets, int(_field(entry, "first"))),
                     bisect.bisect_right(offsets, int(_field(entry, "cut"))))
        settled += span.stop - span.start
        delays += [applied - sent for _, sent in lane[span] if sent >= warm]
    if settled != events:
        fail(f"{events:,} events were published and {settled:,} applied; see {LOGS / 'latency.log'}")
    cuts = statistics.quantiles(delays, n=1000)
    print(f"{events:,} events, {options.rate:,} a second, {options.datasets} datasets, linger {LINGER:g} s:"
          f" p50 {cuts[499] * 1000:.0f} ms, p90 {cuts[899] * 1000:.0f} ms, p99 {cuts[989] * 1000:.0f} ms,"
          f" p99.9 {cuts[998] * 1000:.0f} ms, most {max(delays) * 1000:.0f} ms")


def idle(options):
    """The processor time of a worker that holds all partitions of a topic to which nothing is written."""
    with Server(BUILD / "logserver", "--partitions", options.partitions) as log, Server(BUILD / "sink") as sink:
        with open(LOGS / "idle.log", "w") as out:
            worker = _worker(options, log.address, sink.address, out)
            time.sleep(5)
            before = _cpu_seconds(worker.pid)
            time.sleep(options.seconds)
            used = _cpu_seconds(worker.pid) - before
            worker.send_signal(signal.SIGTERM)
            worker.wait()
    print(f"{used:.2f} CPU s in {options.seconds} s: {used / options.seconds:.2%} of a processor")
