"""What the benchmarks share: the tools' builds, the servers beside them, timed processes, and tables of medians."""

import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / ".build" / "benchmarks"
LOGS = BUILD / "logs"

# A signed request is the ordinary one; nothing checks these.
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_REGION": "us-east-1"}

TOOLS = {
    "logserver": (["logserver.c", "groups.c", "store.c", "server.c"], ["-pthread"]),
    "sink": (["sink.c", "server.c"], ["-D_GNU_SOURCE", "-pthread"]),
    "publish": (["publish.c"], ["-lrdkafka"]),
    "floor": (["floor.c"], ["-lrdkafka"]),
}


def build_tools():
    LOGS.mkdir(parents=True, exist_ok=True)
    for name, (sources, flags) in TOOLS.items():
        paths = [HERE / "tools" / source for source in sources]
        command = ["cc", "-O2", "-std=gnu17", "-Wall", "-Wextra", "-o", BUILD / name, *paths, *flags]
        subprocess.run(command, check=True)


class Server:
    """A process that says in its first line where it listens, and lives as long as the `with` block."""

    def __init__(self, *command):
        self.command = [str(part) for part in command]

    def __enter__(self):
        self.log = open(LOGS / f"{pathlib.Path(self.command[0]).name}.log", "a")
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=self.log, text=True, env=os.environ | ENVIRONMENT)
        self.address = self.process.stdout.readline().strip().removeprefix("bootstrap.servers=")
        if not self.address:
            raise SystemExit(f"{self.command[0]} did not start; see {self.log.name}")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()


def get(url, data=None):
    with urllib.request.urlopen(urllib.request.Request(url, data=data)) as answer:
        return json.load(answer)


def publish(brokers, topic, events, datasets, partitions):
    """Fills a topic and says what a sink must have seen in the end."""
    return json.loads(subprocess.run(
        [BUILD / "publish", "--brokers", brokers, "--topic", topic, "--events", str(events),
         "--datasets", str(datasets), "--partitions", str(partitions)],
        check=True, stdout=subprocess.PIPE, text=True).stdout)


def resident(pid):
    """Resident bytes of a process now; 0 once it is gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/statm").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(fields[1]) * resource.getpagesize()


def timed(name, command, watch=None, expected_status=0):
    """Runs a command to its end: wall and CPU seconds and the most memory that was resident, as the system counts them.
    `watch(seconds, resident bytes)` is called twice a second meanwhile."""
    with open(LOGS / f"{name}.log", "w") as log:
        start = time.monotonic()
        process = subprocess.Popen(
            [str(part) for part in command], stdout=log, stderr=log, env=os.environ | ENVIRONMENT)
        while watch:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            watch(time.monotonic() - start, resident(process.pid))
            time.sleep(0.5)
        else:
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != expected_status:
        raise SystemExit(f"{name} ended with status {process.returncode}; see {log.name}")
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "rss": usage.ru_maxrss / 1024}


def machine():
    model = next(
        (line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} processors ({model}), {platform.system()} {platform.release()}, load {load:.1f} at the start"


class Comparison:
    """Runs of several contestants in turn, so that a drift of the machine meets all of them alike."""

    def __init__(self, events):
        self.events = events
        self.runs = {}

    def add(self, name, figures):
        self.runs.setdefault(name, []).append(figures)
        rate = self.events / figures["wall"]
        print(f"  {name:<10} {figures['wall']:7.2f} s  {figures['cpu']:7.2f} CPU s  {figures['rss']:6.0f} MB"
              f"  {rate:10,.0f} events/s", flush=True)

    def table(self, base):
        print(f"\n{'median of ' + str(len(self.runs[base])):<12}{'wall s':>9}{'CPU s':>9}{'max MB':>9}{'events/s':>12}"
              f"{'µs CPU/event':>14}")
        for name, runs in self.runs.items():
            wall, cpu, rss = (statistics.median(run[key] for run in runs) for key in ("wall", "cpu", "rss"))
            print(f"{name:<12}{wall:9.2f}{cpu:9.2f}{rss:9.0f}{self.events / wall:12,.0f}{cpu / self.events * 1e6:14.2f}")

    def ratio(self, a, b, key):
        """The median of a/b over the pairs of runs."""
        return statistics.median(x[key] / y[key] for x, y in zip(self.runs[a], self.runs[b]))


def fail(message):
    print(message, file=sys.stderr)
    sys.exit(1)
