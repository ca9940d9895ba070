"""carbonedge run on a real, tiny network, across processes: what a user sees when all goes well, when a node dies, and on Ctrl-C."""

import argparse
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile

SKIPPED = 77
LIMIT_S = 120
CLUSTER = """[cluster]
schema = carbonedge.cluster/1
name = two

[node.left]
cpus = 0.5
memory = 1GiB
intensity = 600g/kWh
idle_power_per_core = 1W
busy_power_per_core = 4W

[node.right]
cpus = 0.5
memory = 1GiB
intensity = 300g/kWh
idle_power_per_core = 1W
busy_power_per_core = 4W

[link.default]
latency = 2ms
bandwidth = 100MB/s
energy_per_byte = 10nJ/B
"""
# A residual block, so that two tensors cross some cuts, and two inputs, one of integers.
NETWORK = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(10, 16)
        self.first = torch.nn.Conv2d(3, 16, 3, padding=1)
        self.second = torch.nn.Conv2d(16, 16, 3, padding=1)
        self.third = torch.nn.Conv2d(16, 16, 3, padding=1)
        self.head = torch.nn.Linear(16, 5)
    def forward(self, x, ids):
        x = torch.relu(self.first(x))
        y = torch.relu(self.second(x))
        x = torch.relu(self.third(y) + x)
        return self.head(x.mean([2, 3]) + self.embed(ids).mean(1))
torch.manual_seed(1)
torch.jit.script(Net().eval()).save("net.pt")
"""


class Checks:
    def __init__(self):
        self.failed = 0

    def hold(self, what, condition, *shown):
        if not condition:
            self.failed += 1
            print(f"{what} does not hold:", *shown)


class Tools:
    def __init__(self, programs, folder):
        self.programs, self.folder = programs, folder

    def words(self, tool, *arguments):
        return [f"{self.programs}/carbonedge-{tool}", *map(str, arguments)]

    def run(self, tool, *arguments):
        return subprocess.run(self.words(tool, *arguments), cwd=self.folder, capture_output=True, text=True, timeout=LIMIT_S, check=False)

    def start(self, tool, *arguments, **options):
        return subprocess.Popen(self.words(tool, *arguments), cwd=self.folder, stderr=subprocess.PIPE, text=True, **options)

    def must(self, tool, *arguments):
        result = self.run(tool, *arguments)
        if result.returncode != 0:
            sys.exit(f"carbonedge-{tool} {arguments}: {result.returncode}\n{result.stderr}")
        return result.stdout


def children_of(pid):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "stat").read_text().rsplit(")", 1)[1].split()[1] == str(pid):
                found.append(int(entry.name))
        except (OSError, IndexError):
            pass
    return found


def groups_left():
    return [str(path) for root in ["/sys/fs/cgroup"] for path in pathlib.Path(root).glob("**/*carbonedge*") if path.is_dir()]


def ended(pids):
    """Waits until all of them have ended; false after a while."""
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        gone = waiting.poll(10_000)
        os.close(descriptor)
        if not gone:
            return False
    return True


def started_run(tools):
    """A long run that has answered some requests, the lines of its log so far, and its nodes."""
    run = tools.start("run", "net.plan.json", "--model", "net.pt", "--requests", "1000000", stdout=subprocess.PIPE)
    lines = [run.stdout.readline() for _ in range(6)]
    if not lines[-1]:
        sys.exit("the run did not get going: " + run.stderr.read())
    return run, lines, children_of(run.pid)


def prepare(tools, folder):
    exported = subprocess.run([sys.executable, "-c", NETWORK], cwd=folder, capture_output=True, text=True, check=False)
    if exported.returncode != 0:
        print("skipped: Python's torch cannot export the network:", exported.stderr.splitlines()[-1:])
        sys.exit(SKIPPED)
    (folder / "two.ini").write_text(CLUSTER)
    tools.must("profile", "net.pt", "--input", "1x3x32x32", "--input", "ids=1x4:int64[0,10)", "--max-time", "200ms", "-o", "net.profile.csv")
    tools.must("plan", "net.profile.csv", "--cluster", "two.ini", "--minimize", "latency", "--pin", "first=left", "--pin", "head=right",
               "-o", "net.plan.json")


def check_whole_run(tools, folder, checks):
    before = groups_left()
    result = tools.run("run", "net.plan.json", "--model", "net.pt", "--requests", "20", "--in-flight", "2", "-o", "run.jsonl")
    checks.hold("a run succeeds", result.returncode == 0, result.returncode, result.stderr)
    text = (folder / "run.jsonl").read_text()
    checks.hold("20 requests, 2 nodes, a header and an end are logged", text.count("\n") == 24, text.count("\n"))
    end = json.loads(text.splitlines()[-1])
    checks.hold("the outputs are checked", '"outputs_checked":true' in text.splitlines()[-1].replace(" ", ""), end)
    checks.hold("no control group is left", groups_left() == before, groups_left())
    report = tools.run("report", "run.jsonl")
    checks.hold("report reads the log", report.returncode == 0, report.stderr)
    again = tools.run("run", "net.plan.json", "--model", "net.pt", "--requests", "1", "-o", "run.jsonl")
    checks.hold("an existing log is kept", again.returncode == 4 and "--overwrite" in again.stderr, again.stderr)
    (folder / "other.pt").write_bytes((folder / "net.pt").read_bytes() + b" ")
    other = tools.run("run", "net.plan.json", "--model", "other.pt", "--requests", "1")
    checks.hold("another model is refused", other.returncode == 4, other.returncode, other.stderr)


def check_interrupt(tools, folder, checks):
    before = groups_left()
    run, lines, nodes = started_run(tools)
    checks.hold("a process a node", len(nodes) == 2, nodes)
    run.send_signal(signal.SIGINT)
    rest, talk = run.communicate(timeout=LIMIT_S)
    checks.hold("an interrupted run ends with 130", run.returncode == 130, run.returncode, talk)
    (folder / "cut.jsonl").write_text("".join(lines) + rest)
    last = rest.splitlines()[-1]
    checks.hold("its log is marked", '"interrupted":true' in last.replace(" ", ""), last)
    checks.hold("report reads the marked log", tools.run("report", "cut.jsonl").returncode in (0, 3))
    checks.hold("no process is left", ended(nodes), nodes)
    checks.hold("no control group is left", groups_left() == before, groups_left())


def check_death(tools, checks):
    before = groups_left()
    run, _, nodes = started_run(tools)
    os.kill(nodes[0], signal.SIGKILL)
    _, talk = run.communicate(timeout=LIMIT_S)
    checks.hold("a run whose node dies ends with 1", run.returncode == 1, run.returncode)
    one_line = talk.count("\n") == 1 and "was killed by signal 9 (Killed)" in talk
    checks.hold("one line names the node", one_line and ("'left'" in talk or "'right'" in talk), talk)
    checks.hold("no process is left", ended(nodes), nodes)
    checks.hold("no control group is left", groups_left() == before, groups_left())


def check_killed(tools, folder, checks):
    run, lines, nodes = started_run(tools)
    run.kill()
    rest, _ = run.communicate(timeout=LIMIT_S)
    checks.hold("nodes die with a run that is killed", ended(nodes), nodes)
    (folder / "killed.jsonl").write_text("".join(lines) + rest)
    report = tools.run("report", "killed.jsonl")
    checks.hold("report reads the log that has no end", report.returncode in (0, 3), report.returncode, report.stderr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True)
    arguments = parser.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        tools = Tools(arguments.programs, folder)
        prepare(tools, folder)
        check_whole_run(tools, folder, checks)
        check_interrupt(tools, folder, checks)
        check_death(tools, checks)
        check_killed(tools, folder, checks)
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
