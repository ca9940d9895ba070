"""carbonedge run on a real, tiny network, across processes: what a user sees when all goes well, when a node dies, and on Ctrl-C."""

import argparse
import contextlib
import importlib.util
import json
import os
import pathlib
import select
import signal
import struct
import subprocess
import sys
import tempfile

from started import Started

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


EXPECTED = """
import torch
net = torch.jit.load("net.pt")
print(*net(torch.full([1, 3, 32, 32], 0.25), torch.tensor([[1, 2, 3, 4]]))[0].tolist())
"""


def stubs_missing(arguments, folder):
    """Generates the protocol's Python client; says why where that cannot be done."""
    if not pathlib.Path(arguments.plugin).exists():
        return "there is no grpc_python_plugin (protobuf-compiler-grpc)"
    if importlib.util.find_spec("grpc") is None:
        return "Python has no grpc (python3-grpcio)"
    subprocess.run([arguments.protoc, f"--proto_path={arguments.source}", f"--python_out={folder}", f"--grpc_python_out={folder}",
                    f"--plugin=protoc-gen-grpc_python={arguments.plugin}", "lib/runtime/proto/open_inference.proto"], check=True)
    sys.path.insert(0, str(folder))
    return ""


# The batch stands in the code, as an export with a fixed shape leaves it.
FIXED_BATCH_NETWORK = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(8, 8)
        self.head = torch.nn.Linear(8, 4)
    def forward(self, x):
        return self.head(torch.relu(self.first(x)).reshape([1, -1])[:, :8])
torch.manual_seed(1)
torch.jit.script(Net().eval()).save("fixed.pt")
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
        environment = os.environ | {"TMPDIR": str(self.folder)}  # what a killed run leaves goes with the folder
        return Started(self.words(tool, *arguments), cwd=self.folder, env=environment, stderr=subprocess.PIPE, text=True, **options)

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


def groups_left(pid):
    """Control groups that the run with this process id made."""
    return [str(path) for path in pathlib.Path("/sys/fs/cgroup").glob(f"**/carbonedge-*-{pid}-*")]


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
    (folder / "net.py").write_text(NETWORK)  # torch.jit.script wants to read its source
    exported = subprocess.run([sys.executable, "net.py"], cwd=folder, capture_output=True, text=True, check=False)
    if exported.returncode != 0:
        print("skipped: Python's torch cannot export the network:", exported.stderr.splitlines()[-1:])
        sys.exit(SKIPPED)
    (folder / "two.ini").write_text(CLUSTER)
    tools.must("profile", "net.pt", "--input", "1x3x32x32", "--input", "ids=1x4:int64[0,10)", "--min-time", "100ms", "--max-time", "300ms", "-o", "net.profile.csv")
    tools.must("plan", "net.profile.csv", "--cluster", "two.ini", "--minimize", "latency", "--pin", "first=left", "--pin", "head=right",
               "-o", "net.plan.json")


def check_whole_run(tools, folder, checks):
    run = tools.start("run", "net.plan.json", "--model", "net.pt", "--requests", "20", "--in-flight", "2", "-o", "run.jsonl")
    _, talk = run.communicate(timeout=LIMIT_S)
    checks.hold("a run succeeds", run.returncode == 0, run.returncode, talk)
    lines = (folder / "run.jsonl").read_text().splitlines()
    checks.hold("20 requests, 2 nodes, a header and an end are logged", len(lines) == 24, len(lines))
    checks.hold("the outputs are checked", '"outputs_checked":true' in lines[-1].replace(" ", ""), lines[-1])
    checks.hold("no control group is left", not groups_left(run.pid), groups_left(run.pid))
    report = tools.run("report", "run.jsonl")
    checks.hold("report reads the log", report.returncode == 0, report.stderr)
    again = tools.run("run", "net.plan.json", "--model", "net.pt", "--requests", "1", "-o", "run.jsonl")
    checks.hold("an existing log is kept", again.returncode == 4 and "--overwrite" in again.stderr, again.stderr)
    (folder / "other.pt").write_bytes((folder / "net.pt").read_bytes() + b" ")
    other = tools.run("run", "net.plan.json", "--model", "other.pt", "--requests", "1")
    checks.hold("another model is refused", other.returncode == 4, other.returncode, other.stderr)


def check_interrupt(tools, folder, checks):
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
    checks.hold("no control group is left", not groups_left(run.pid), groups_left(run.pid))


def check_death(tools, checks):
    run, _, nodes = started_run(tools)
    os.kill(nodes[0], signal.SIGKILL)
    _, talk = run.communicate(timeout=LIMIT_S)
    checks.hold("a run whose node dies ends with 1", run.returncode == 1, run.returncode)
    one_line = talk.count("\n") == 1 and "was killed by signal 9 (Killed)" in talk
    checks.hold("one line names the node", one_line and ("'left'" in talk or "'right'" in talk), talk)
    checks.hold("no process is left", ended(nodes), nodes)
    checks.hold("no control group is left", not groups_left(run.pid), groups_left(run.pid))


def check_spares(tools, folder, checks):
    """With a spare, a run whose node is killed answers everything, and says what happened."""
    tools.must("plan", "net.profile.csv", "--cluster", "two.ini", "--minimize", "latency", "-o", "one.plan.json")
    run = tools.start("run", "one.plan.json", "--model", "net.pt", "--requests", "300", "--spares", "warm", "--ordered", stdout=subprocess.PIPE)
    lines = [run.stdout.readline() for _ in range(6)]
    if not lines[-1]:
        sys.exit("the run with spares did not get going: " + run.stderr.read())
    serving = json.loads(lines[-1])["stages"][0]["node"]
    nodes = children_of(run.pid)
    for node in nodes:
        if f"--name\0{serving}\0" in pathlib.Path(f"/proc/{node}/cmdline").read_text():
            os.kill(node, signal.SIGKILL)
    nodes += children_of(run.pid)
    rest, talk = run.communicate(timeout=LIMIT_S)
    checks.hold("a run with a spare outlives its node", run.returncode == 0, run.returncode, talk)
    log = [json.loads(line) for line in lines + rest.splitlines()]
    answers = [record["id"] for record in log if record.get("record") == "request" and record["ok"]]
    checks.hold("every request is answered once, in order", answers == list(range(300)), len(answers))
    failures = [record for record in log if record.get("record") == "failover"]
    checks.hold("the log says which node failed and how", len(failures) == 1 and failures[0]["node"] == serving and "signal 9" in failures[0]["cause"], failures)
    checks.hold("both nodes are accounted for", sum(record.get("record") == "node" for record in log) == 2, log[-3:])
    (folder / "spared.jsonl").write_text("".join(lines) + rest)
    report = tools.run("report", "spared.jsonl")
    checks.hold("report shows it", report.returncode == 0 and "was killed by signal 9" in report.stdout, report.stdout[-2000:], report.stderr)
    checks.hold("no process is left", ended(nodes), nodes)
    checks.hold("no control group is left", not groups_left(run.pid), groups_left(run.pid))
    checks.hold("no file is left", not list(folder.glob("carbonedge-*")), list(folder.glob("carbonedge-*")))


def check_batches(tools, folder, checks):
    """Requests of a real network together in a pass; one whose batch is built in takes them one by one, and says so."""
    run = tools.start("run", "net.plan.json", "--model", "net.pt", "--requests", "60", "--in-flight", "12", "--max-batch", "4", "--max-delay", "50ms", "-o", "batches.jsonl")
    _, talk = run.communicate(timeout=LIMIT_S)
    checks.hold("a run in batches succeeds", run.returncode == 0, run.returncode, talk)
    log = [json.loads(line) for line in (folder / "batches.jsonl").read_text().splitlines()]
    sizes = [stage.get("batch", 1) for record in log if record.get("record") == "request" for stage in record["stages"]]
    checks.hold("batches of up to four are taken", sizes and max(sizes) == 4, sizes)
    checks.hold("what they give is what the network gives", log[-1]["outputs_checked"], log[-1])
    built_in = FIXED_BATCH_NETWORK
    (folder / "fixed.py").write_text(built_in)
    subprocess.run([sys.executable, "fixed.py"], cwd=folder, check=True, capture_output=True)
    tools.must("profile", "fixed.pt", "--input", "1x8", "--min-time", "50ms", "--max-time", "100ms", "-o", "fixed.profile.csv")
    tools.must("plan", "fixed.profile.csv", "--cluster", "two.ini", "--minimize", "latency", "-o", "fixed.plan.json")
    run = tools.start("run", "fixed.plan.json", "--model", "fixed.pt", "--requests", "30", "--in-flight", "12", "--max-batch", "4", "-o", "fixed.jsonl")
    _, talk = run.communicate(timeout=LIMIT_S)
    checks.hold("a network with a fixed batch still runs", run.returncode == 0, run.returncode, talk)
    checks.hold("a note says that and why it takes single requests", "takes single requests" in talk, talk)


def check_trace(tools, folder, checks):
    """A recorded load, and deadlines that can be kept."""
    (folder / "trace.csv").write_text("TIMESTAMP,ContextTokens\n" + "".join(f"2023-11-16 18:17:0{i // 5}.{i % 5 * 2}00000,5\n" for i in range(20)))
    run = tools.start("run", "net.plan.json", "--model", "net.pt", "--trace", "trace.csv", "--trace-speed", "4", "--deadline", "20s", "-o", "trace.jsonl")
    _, talk = run.communicate(timeout=LIMIT_S)
    checks.hold("a recorded load runs", run.returncode == 0, run.returncode, talk)
    log = [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]
    arrivals = [record["arrival_ns"] for record in log if record.get("record") == "request"]
    steps = [round((after - before) / 1e6) for before, after in zip(arrivals, arrivals[1:])]
    checks.hold("requests arrive as recorded, four times as fast", steps == [50] * 19, steps)


def check_served(tools, folder, checks):
    """A stranger's client calls the whole pipeline, and a stage's node, while the run serves."""
    import grpc
    from lib.runtime.proto import open_inference_pb2 as oip, open_inference_pb2_grpc

    run = tools.start("run", "net.plan.json", "--model", "net.pt", "--requests", "0", "--serve", "127.0.0.1:0", stdout=subprocess.DEVNULL)
    line = run.stderr.readline()
    checks.hold("the address is told", line.startswith("carbonedge-run: serving '"), line)
    client = open_inference_pb2_grpc.GRPCInferenceServiceStub(grpc.insecure_channel(line.split()[-1]))
    name = line.split("'")[1]
    metadata = client.ModelMetadata(oip.ModelMetadataRequest(name=name), timeout=LIMIT_S)
    checks.hold("inputs", [(t.name, t.datatype, list(t.shape)) for t in metadata.inputs] ==
                [("input_0", "FP32", [1, 3, 32, 32]), ("ids", "INT64", [1, 4])], metadata)
    request = oip.ModelInferRequest(model_name=name)
    request.inputs.add(name="input_0", datatype="FP32", shape=[1, 3, 32, 32]).contents.fp32_contents.extend([0.25] * 3072)
    request.inputs.add(name="ids", datatype="INT64", shape=[1, 4]).contents.int64_contents.extend([1, 2, 3, 4])
    answer = client.ModelInfer(request, timeout=LIMIT_S)
    expected = subprocess.run([sys.executable, "-c", EXPECTED], cwd=folder, capture_output=True, text=True, check=True).stdout
    actual = struct.unpack("<5f", answer.raw_output_contents[0])
    checks.hold("the pipeline gives what the network gives", all(abs(a - float(e)) < 1e-4 for a, e in zip(actual, expected.split())), actual, expected)
    run.send_signal(signal.SIGTERM)
    _, talk = run.communicate(timeout=LIMIT_S)
    checks.hold("serving ends well when told to", run.returncode == 0, run.returncode, talk)


def check_killed(tools, folder, checks):
    run, lines, nodes = started_run(tools)
    run.kill()
    rest, _ = run.communicate(timeout=LIMIT_S)
    checks.hold("nodes die with a run that is killed", ended(nodes), nodes)
    for group in groups_left(run.pid):  # nobody was left to do it
        os.rmdir(group)
    (folder / "killed.jsonl").write_text("".join(lines) + rest)
    report = tools.run("report", "killed.jsonl")
    checks.hold("report reads the log that has no end", report.returncode in (0, 3), report.returncode, report.stderr)


@contextlib.contextmanager
def prepared(*options):
    """The command line (--programs and `options`), tools in a folder with the network, its profile and plans, that folder, and checks."""
    parser = argparse.ArgumentParser()
    for name in ("programs", *options):
        parser.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        tools = Tools(arguments.programs, folder)
        prepare(tools, folder)
        yield arguments, tools, folder, Checks()


def main():
    with prepared("protoc", "plugin", "source") as (arguments, tools, folder, checks):
        check_whole_run(tools, folder, checks)
        check_interrupt(tools, folder, checks)
        check_death(tools, checks)
        check_spares(tools, folder, checks)
        check_killed(tools, folder, checks)
        check_batches(tools, folder, checks)
        check_trace(tools, folder, checks)
        missing = stubs_missing(arguments, folder)
        if not missing:
            check_served(tools, folder, checks)
    if checks.failed:
        return 1
    if missing:
        print("skipped: serving was not checked:", missing)
        return SKIPPED
    return 0


if __name__ == "__main__":
    sys.exit(main())
