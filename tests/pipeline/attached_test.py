"""carbonedge run --engine attached: nodes that this test starts itself, in the words with which a Kubernetes manifest of the plan starts them, with
certificates. They outlive a run and a run that is killed; what is missing is said."""

import json
import signal
import socket
import subprocess
import sys

import yaml

import run_test

NODES = ["left", "right"]


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [held.getsockname()[1] for held in sockets]
    for held in sockets:
        held.close()
    return ports


class Nodes:
    """The nodes of the plan, each with a folder and two ports of its own."""

    def __init__(self, tools, folder):
        self.tools, self.folder = tools, folder
        ports = iter(free_ports(2 * len(NODES)))
        self.addresses = {name: {key: f"127.0.0.1:{next(ports)}" for key in ["control", "tensors"]} for name in NODES}
        self.processes = {}
        manifests = yaml.safe_load_all(tools.must("plan", "export", "--to", "kubernetes", "net.plan.json"))
        containers = [m["spec"]["template"]["spec"]["containers"][0] for m in manifests if m["kind"] == "Deployment"]
        self.arguments = {words[words.index("--name") + 1]: words for words in [c["args"] for c in containers if c["name"] == "node"]}
        text = "[nodes]\nschema = carbonedge.nodes/1\n"
        for name, addresses in self.addresses.items():
            text += f"\n[node.{name}]\n" + "".join(f"{key} = {value}\n" for key, value in addresses.items())
        (folder / "nodes.ini").write_text(text)

    def start(self, name):
        directory = self.folder / f"directory-{name}"
        directory.mkdir(mode=0o700, exist_ok=True)
        addresses = self.addresses[name]
        here = {"--directory": directory, "--control": addresses["control"], "--tensors": f"tls:{addresses['tensors']}", "--tls": "tls"}
        pairs = zip(self.arguments[name][::2], self.arguments[name][1::2])
        given = [word for option, value in pairs for word in (option, here.get(option, value))]
        self.processes[name] = self.tools.start("node", *given, stdout=subprocess.PIPE)
        if not self.processes[name].stdout.readline().startswith("ready "):
            sys.exit(f"node {name} did not start: {self.processes[name].stderr.read()}")

    def alive(self):
        return [name for name, process in self.processes.items() if process.poll() is None]

    def stop(self):
        for process in self.processes.values():
            process.kill()
            process.wait()


def words(*options):
    return ["run", "net.plan.json", "--model", "net.pt", "--engine", "attached", "--nodes", "nodes.ini", "--tls", "tls", *options]


def check_whole_runs(tools, folder, nodes, checks):
    for turn in ["first", "second"]:
        log = f"{turn}.jsonl"
        run = tools.start(*words("--requests", "20", "--in-flight", "2", "--quiet", "-o", log))
        _, talk = run.communicate(timeout=run_test.LIMIT_S)
        checks.hold(f"the {turn} run succeeds", run.returncode == 0 and talk == "", run.returncode, talk)
        if run.returncode != 0:
            return
        records = [json.loads(line) for line in (folder / log).read_text().splitlines()]
        checks.hold("the log says which engine", records[0]["engine"] == "attached", records[0])
        checks.hold("limits that nobody imposed are not called enforced", not any(limit["enforced"] for limit in records[0]["limits"]), records[0]["limits"])
        checks.hold("the outputs are those of the undivided network", records[-1]["outputs_checked"] is True, records[-1])
        for record in records:
            if record.get("record") == "node":
                checks.hold("a node tells what it used in this run", record["total_cpu_ns"] >= record["compute_cpu_ns"] > 0, record)
        checks.hold("nodes outlive the run", nodes.alive() == NODES, nodes.alive())


def started_run(tools):
    run = tools.start(*words("--requests", "1000000"), stdout=subprocess.PIPE)
    lines = [run.stdout.readline() for _ in range(6)]
    if not lines[-1]:
        sys.exit("the run did not get going: " + run.stderr.read())
    return run


def check_killed_run(tools, nodes, checks):
    run = started_run(tools)
    run.kill()
    run.communicate(timeout=run_test.LIMIT_S)
    again = tools.run(*words("--requests", "5", "--quiet"))
    checks.hold("a run after one that was killed succeeds", again.returncode == 0, again.returncode, again.stderr)
    checks.hold("nodes outlive a run that is killed", nodes.alive() == NODES, nodes.alive())


def check_interrupt(tools, nodes, checks):
    run = started_run(tools)
    run.send_signal(signal.SIGINT)
    _, talk = run.communicate(timeout=run_test.LIMIT_S)
    checks.hold("an interrupted run ends with 130", run.returncode == 130, run.returncode, talk)
    checks.hold("nodes outlive Ctrl-C", nodes.alive() == NODES, nodes.alive())


def check_death(tools, nodes, checks):
    run = started_run(tools)
    nodes.processes["right"].kill()
    _, talk = run.communicate(timeout=run_test.LIMIT_S)
    lines = talk.splitlines()
    checks.hold("a run whose last node is killed ends with 1 and says what broke", run.returncode == 1 and "node 'right' closed its connection to the gateway" in lines[-1], run.returncode, talk)
    nodes.start("right")
    again = tools.run(*words("--requests", "5", "--quiet"))
    checks.hold("its node started again, the next run succeeds", again.returncode == 0, again.returncode, again.stderr)


def check_refusals(tools, folder, checks):
    (folder / "one.ini").write_text("[node.left]\ncontrol = 127.0.0.1:1\ntensors = 127.0.0.1:2\n")
    (folder / "far.ini").write_text("[node.left]\ncontrol = 192.0.2.1:1\ntensors = 192.0.2.1:2\n")
    for what, options, status, parts in [
        ("a node that the file does not name", ["--nodes", "one.ini"], 4, ["one.ini", "[node.right]"]),
        ("nodes elsewhere that are not told the way back", ["--nodes", "far.ini"], 4, ["192.0.2.1:2", "--gateway-address"]),
        ("a file that is not there", ["--nodes", "none.ini"], 4, ["none.ini"]),
    ]:
        result = tools.run("run", "net.plan.json", "--model", "net.pt", "--engine", "attached", "--tls", "tls", "--requests", "1", *options)
        one_line = result.stderr.count("\n") == 1
        checks.hold(what, result.returncode == status and one_line and all(part in result.stderr for part in parts), result.returncode, result.stderr)
    stranger = tools.run("run", "certificates", "others", "--plan", "net.plan.json")
    checks.hold("certificates of another authority", stranger.returncode == 0, stranger.stderr)
    result = tools.run("run", "net.plan.json", "--model", "net.pt", "--engine", "attached", "--nodes", "nodes.ini", "--tls", "others", "--requests", "1", "--start-timeout", "3s")
    checks.hold("nodes refuse another authority", result.returncode == 4 and "node 'left' does not answer us at 127.0.0.1:" in result.stderr.splitlines()[-1], result.returncode, result.stderr)


def main():
    with run_test.prepared() as (_, tools, folder, checks):
        tools.must("run", "certificates", "tls", "--plan", "net.plan.json")
        nodes = Nodes(tools, folder)
        try:
            for name in NODES:
                nodes.start(name)
            check_whole_runs(tools, folder, nodes, checks)
            check_killed_run(tools, nodes, checks)
            check_interrupt(tools, nodes, checks)
            check_death(tools, nodes, checks)
            check_refusals(tools, folder, checks)
        finally:
            nodes.stop()
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
