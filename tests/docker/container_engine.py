"""A container engine of the test's own: starts dockerd with everything it keeps in one folder, and makes an image of the programs of a
build, their libraries and a shell, without a registry or a package server."""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "pipeline"))
import run_test  # noqa: E402

START_LIMIT_S = 60
SERIES_HEADER = "Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO₂eq/kWh (direct),Carbon Intensity gCO₂eq/kWh (LCA),Low Carbon Percentage,Renewable Percentage,Data Source,Data Estimated,Data Estimation Method"
IMAGE = "carbonedge-of-build"


def why_not():
    """Why no engine can be started here; "" where one can."""
    if os.geteuid() != 0:
        return "starting an engine needs root"
    for program in ["dockerd", "runc", "containerd"]:
        if shutil.which(program, path=PATH) is None:
            return f"there is no {program} (docker.io)"
    if shutil.which("docker", path=PATH) is None:
        return "there is no docker (docker.io)"
    return ""


# Debian's own programs fit each other; others that come first in PATH may not.
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class Engine:
    """`prefix` is put before the words that start the daemon, e.g. to put it into another network namespace."""

    def __init__(self, folder, prefix=(), options=()):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.host = f"unix://{self.folder}/socket"
        self.log = open(self.folder / "log", "w", encoding="utf-8")
        words = [*prefix, "dockerd", "--data-root", f"{self.folder}/data", "--exec-root", f"{self.folder}/exec",
                 "--pidfile", f"{self.folder}/pid", "--host", self.host, *options]
        self.process = subprocess.Popen(words, env=os.environ | {"PATH": PATH}, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        self.await_answer()

    def environment(self):
        return os.environ | {"PATH": PATH, "DOCKER_HOST": self.host}

    def ask(self, *words, check=True, **options):
        result = subprocess.run(["docker", *words], env=self.environment(), capture_output=True, text=True, check=False, **options)
        if check and result.returncode != 0:
            raise RuntimeError(f"docker {' '.join(words)}: {result.stderr}")
        return result.stdout.strip()

    def await_answer(self):
        deadline = time.monotonic() + START_LIMIT_S
        while subprocess.run(["docker", "version"], env=self.environment(), capture_output=True, check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError("the engine did not start: " + (self.folder / "log").read_text()[-2000:])
            time.sleep(0.2)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(START_LIMIT_S)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
        self.log.close()

    def left_of_runs(self):
        """Containers, networks and services that carry the label of a run."""
        return [line for kind in [["ps", "--all"], ["network", "ls"]]
                for line in self.ask(*kind, "--quiet", "--filter", "label=carbonedge.run").splitlines()]

    def containers(self, node=""):
        """What `docker inspect` tells of a run's containers that run, or of the one of this node."""
        name = ["--filter", f"label=carbonedge.node={node}"] if node else []
        ids = self.ask("ps", "--quiet", "--filter", "label=carbonedge.run", *name).split()
        return json.loads(self.ask("inspect", *ids)) if ids else []


def libraries_of(program):
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return re.findall(r"(?:=> )?(/\S+) \(0x", listed)


def image_archive(programs, path):
    """A tar file with these programs in /usr/bin, /bin/sh, and all that they load."""
    files = {}
    for program in [*programs, "/bin/sh"]:
        target = f"/usr/bin/{pathlib.Path(program).name}" if program != "/bin/sh" else "/bin/sh"
        files[target] = pathlib.Path(program).resolve()
        for library in libraries_of(program):
            files[library] = pathlib.Path(library).resolve()
    with tempfile.NamedTemporaryFile("w", suffix=".passwd") as passwd, tarfile.open(path, "w") as archive:
        passwd.write("root:x:0:0::/:/bin/sh\ncarbonedge:x:10001:10001::/:/bin/sh\n")
        passwd.flush()
        archive.add(passwd.name, "etc/passwd")
        for folder in ["tmp", "run", "proc", "sys", "dev"]:
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for target, source in sorted(files.items()):
            archive.add(source, target.lstrip("/"))
    return path


def main(check):
    """Calls check(tools, folder, archive, checks) where an engine can be started; the exit status of the test."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True)
    arguments = parser.parse_args()
    reason = why_not()
    if reason:
        print("skipped:", reason)
        return run_test.SKIPPED
    checks = run_test.Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        tools = run_test.Tools(arguments.programs, folder)
        run_test.prepare(tools, folder)
        archive = image_archive([f"{arguments.programs}/carbonedge-{tool}" for tool in ["node", "probe"]], folder / "image.tar")
        check(tools, folder, archive, checks)
    return 1 if checks.failed else 0


def with_engine():
    """container_engine.py NAME=PROGRAM... -- COMMAND...: runs the command beside an engine that has IMAGE, made of these programs."""
    programs, command = sys.argv[1:sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1:]
    if reason := why_not():
        sys.exit(f"container_engine: {reason}")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        named = []
        for one in programs:
            target, source = one.split("=", 1)
            named.append(shutil.copy(source, folder / target))
        engine = Engine(folder / "engine")
        try:
            engine.ask("import", str(image_archive(named, folder / "image.tar")), IMAGE)
            status = subprocess.run(command, env=engine.environment(), check=False).returncode
            if left := engine.left_of_runs():
                print("left behind:", *left)
                status = status or 1
        finally:
            engine.stop()
    return status


def started(tools, *words):
    """A long run that has answered some requests, and the lines of its log so far."""
    run = tools.start(*words, "--requests", "1000000", stdout=subprocess.PIPE)
    lines = [run.stdout.readline() for _ in range(6)]
    if not lines[-1]:
        sys.exit("the run did not get going: " + run.stderr.read())
    return run, lines


class Survivor:
    """A run with spares at a steady rate, whose nodes are hurt from outside while it goes on."""

    RATE = 40  # requests a second; what one node does with ease

    def __init__(self, tools, words, requests):
        self.requests = requests
        self.run = tools.start(*words, "--requests", requests, "--rate", f"{self.RATE}/s", "--ordered", stdout=subprocess.PIPE)
        self.records = []
        self.read(5)
        self.home = self.records[-1]["stages"][0]["node"]

    def read(self, answers):
        """Reads so many lines more of its log."""
        for _ in range(answers):
            line = self.run.stdout.readline()
            if not line:
                sys.exit("the run did not get going: " + self.run.stderr.read())
            self.records.append(json.loads(line))

    def read_until(self, node):
        """Reads until the node, or with "!" before it any other, answers; false where that does not come to pass."""
        while self.records[-1].get("id") != self.requests - 1:
            self.read(1)
            if self.records[-1].get("record") != "request":
                return False
            serving = self.records[-1]["stages"][0]["node"] if self.records[-1]["ok"] else ""
            if serving and (serving != node[1:] if node.startswith("!") else serving == node):
                return True
        return False

    def end(self, checks, what, cause, noticed, nodes=()):
        """Nothing was lost, and the log tells what happened: one of `cause` in one of the ways `noticed`, at one of `nodes` (else at home)."""
        rest, talk = self.run.communicate(timeout=run_test.LIMIT_S)
        self.records += [json.loads(line) for line in rest.splitlines()]
        answers = [record["id"] for record in self.records if record.get("record") == "request" and record["ok"]]
        checks.hold(f"{what}: the run succeeds", self.run.returncode == 0, self.run.returncode)
        if checks.failed:
            print(f"{what}: the run said:", talk)
        checks.hold(f"{what}: every request is answered once, in order", answers == list(range(self.requests)), len(answers), len(set(answers)))
        failures = [record for record in self.records if record.get("record") == "failover"]
        told = [record for record in failures if record.get("node") in (nodes or [self.home]) and cause in record["cause"] and record["noticed_by"] in noticed]
        checks.hold(f"{what}: the log says what failed and how that was noticed", bool(told), failures)
        for record in told:
            recovery = f"{record['recovery_ns'] / 1e6:.1f} ms" if "recovery_ns" in record else "nothing was under way"
            print(f"{what}: noticed by {record['noticed_by']}, {record['resubmitted']} requests sent again, recovery {recovery}; {record['cause']}")


def exhaust_memory(container):
    """Takes memory in the container's control group until the kernel kills its node for it, or somebody else."""
    pid = container["State"]["Pid"]
    groups = [line.split(":", 2) for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines()]
    group = next(f"/sys/fs/cgroup/{name}{path}" for _, name, path in groups if name in ("memory", ""))
    pathlib.Path(f"/proc/{pid}/oom_score_adj").write_text("1000")
    taker = f"""
import os
open("{group}/cgroup.procs", "w").write("0")
taken = []
while os.path.exists("/proc/{pid}/root/run") and len(taken) < 300:
    taken.append(bytearray(4 << 20))
"""
    subprocess.run([sys.executable, "-c", taker], check=False)


def plan_of_two_zones(tools, folder):
    """zones.plan.json has one stage on the node "right", until "left" is the cleaner one: what --series needs for that is returned. One hour of it
    goes by in 4 s."""
    zones = {"left": (600, 100), "right": (300, 900)}
    cluster = run_test.CLUSTER
    words = ["--scope", "lifecycle", "--speed", "900", "--replan", "--restart", "10ms"]
    for zone, values in zones.items():
        cluster = cluster.replace(f"[node.{zone}]\n", f"[node.{zone}]\nzone = {zone}\nintensity_scope = lifecycle\n")
        # The second hour is the last: its value holds from then on.
        rows = [f"2023-01-01 {hour:02}:00:00,Nowhere,Nowhere,ZZ,{value},{value},1,1,made up,false," for hour, value in enumerate([*values, values[-1]])]
        (folder / f"{zone}.csv").write_text("\n".join([SERIES_HEADER, *rows, ""]))
        words += ["--series", f"{zone}={zone}.csv"]
    (folder / "zones.ini").write_text(cluster)
    tools.must("plan", "net.profile.csv", "--cluster", "zones.ini", "--minimize", "carbon", "-o", "zones.plan.json")
    return words


def check_moving_plan(tools, folder, words, checks):
    """`words` begin a run of zones.plan.json; the plan moves from one container to the other, however long that takes to start, and no request is lost."""
    words = [*words, *plan_of_two_zones(tools, folder), "--rate", f"{Survivor.RATE}/s", "--requests", run_test.LIMIT_S * Survivor.RATE, "--ordered"]
    run = tools.start(*words, stdout=subprocess.PIPE)
    records, after = [], 0
    for line in run.stdout:
        records.append(json.loads(line))
        if records[-1].get("record") == "request" and records[-1]["ok"] and records[-1]["stages"][0]["node"] == "left":
            after += 1
            if after == Survivor.RATE:
                run.send_signal(signal.SIGINT)
    _, talk = run.communicate(timeout=run_test.LIMIT_S)
    checks.hold("a plan that moves: it goes on until it is interrupted", run.returncode == 130, run.returncode, talk)
    answered = [(record["id"], record["stages"][0]["node"]) for record in records if record.get("record") == "request" and record["ok"]]
    checks.hold("a plan that moves: every request is answered once, in order", [number for number, _ in answered] == list(range(len(answered))), answered[-3:])
    served = [node for _, node in answered]
    checks.hold("a plan that moves: from one node to the other, once", served == sorted(served, reverse=True) and set(served) == {"left", "right"},
                served.count("right"), served.count("left"))
    moves = [record for record in records if record.get("record") == "move"]
    checks.hold("a plan that moves: the log says so", len(moves) == 1 and "right" in str(moves[0]["from"]) and "left" in str(moves[0]["to"]), moves)
    for move in moves:
        print(f"a plan that moves: open after {move['opening_ns'] / 1e6:.0f} ms, the old pipeline gone {move['closing_ns'] / 1e6:.0f} ms later")


if __name__ == "__main__":
    sys.exit(with_engine())
