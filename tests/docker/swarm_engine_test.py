"""carbonedge run --engine swarm on two container engines joined into one swarm, each in a network namespace of its own, the nodes of one
plan on both: tensors cross an overlay network."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

from container_engine import IMAGE, PATH, Engine, Survivor, check_moving_plan, exhaust_memory, main, run_test, started

HERE_ADDRESS, THERE_ADDRESS = "10.211.7.1", "10.211.7.2"
REMOVAL_LIMIT_S = 60
# The second engine's own /run/docker; `ip netns exec` would hide the control groups. And no name server: an engine asks a registry for the
# image before it takes its own, and would wait 20 s for one that cannot be reached from there.
OWN_MOUNTS = 'mkdir -p /run/docker && mount -t tmpfs none /run/docker && mount --bind /dev/null /etc/resolv.conf && exec "$@"'


def command(*words, check=True):
    return subprocess.run(words, env=os.environ | {"PATH": PATH}, capture_output=True, text=True, check=check)


def interfaces():
    """The two ends of the link between the hosts: ours and theirs."""
    return f"ce{os.getpid() % 100000}a", f"ce{os.getpid() % 100000}b"


@contextlib.contextmanager
def second_host():
    """A network namespace that a pair of virtual interfaces joins to ours; its name."""
    name = f"carbonedge-{os.getpid()}"
    ours, theirs = interfaces()
    command("ip", "netns", "add", name)
    try:
        command("ip", "link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", name)
        command("ip", "address", "add", f"{HERE_ADDRESS}/24", "dev", ours)
        command("ip", "link", "set", ours, "up")
        for words in [["address", "add", f"{THERE_ADDRESS}/24", "dev", theirs], ["link", "set", theirs, "up"], ["link", "set", "lo", "up"],
                      ["route", "add", "default", "via", HERE_ADDRESS]]:
            command("ip", "-netns", name, *words)
        yield name
    finally:
        command("ip", "link", "delete", ours, check=False)
        command("ip", "netns", "delete", name, check=False)


@contextlib.contextmanager
def swarm(folder, archive):
    with second_host() as namespace, contextlib.ExitStack() as stack:
        here = Engine(folder / "here")
        stack.callback(here.stop)
        prefix = ["nsenter", f"--net=/run/netns/{namespace}", "unshare", "--mount", "--", "sh", "-c", OWN_MOUNTS, "sh"]
        there = Engine(folder / "there", prefix)
        stack.callback(there.stop)
        for engine in [here, there]:
            engine.ask("import", str(archive), IMAGE)
        here.ask("swarm", "init", "--advertise-addr", HERE_ADDRESS, "--listen-addr", HERE_ADDRESS)
        stack.callback(lambda: here.ask("swarm", "leave", "--force", check=False))
        token = here.ask("swarm", "join-token", "--quiet", "worker")
        there.ask("swarm", "join", "--token", token, "--advertise-addr", THERE_ADDRESS, "--listen-addr", THERE_ADDRESS, f"{HERE_ADDRESS}:2377")
        stack.callback(lambda: there.ask("swarm", "leave", "--force", check=False))
        yield here, there


def label(manager, engine, name):
    """The node's place is this engine's host, and no other."""
    node = engine.ask("info", "--format", "{{.Swarm.NodeID}}")
    for host in manager.ask("node", "ls", "--quiet").split():
        change = ["--label-add", f"carbonedge.{name}=true"] if host == node else ["--label-rm", f"carbonedge.{name}"]
        manager.ask("node", "update", *change, host, check=False)  # none to remove is no matter


def run_words(*options, plan="net.plan.json"):
    return ["run", plan, "--model", "net.pt", "--engine", "swarm", "--image", IMAGE, *options]


def left(here, there):
    """What is left at once on the manager, and after some seconds on the other host, which nobody waits for."""
    deadline = time.monotonic() + REMOVAL_LIMIT_S
    while there.left_of_runs() and time.monotonic() < deadline:
        time.sleep(0.5)
    return here.left_of_runs() + here.ask("stack", "ls", "--format", "{{.Name}}").splitlines() + there.left_of_runs()


def check_refusals(tools, here, there, checks):
    result = tools.run(*run_words("--requests", "1"))
    checks.hold("plain text across hosts must be asked for", result.returncode == 2 and "--plain-text-across-hosts" in result.stderr, result.stderr)
    result = tools.run(*run_words("--requests", "1", "--plain-text-across-hosts"))
    one_line = result.stderr.count("\n") == 1 and "no ready host of the swarm is for node" in result.stderr and "--label-add" in result.stderr
    checks.hold("a node without a host is refused with what helps", result.returncode == 4 and one_line, result.returncode, result.stderr)
    run_test.os.environ["DOCKER_HOST"] = there.host
    result = tools.run(*run_words("--requests", "1", "--plain-text-across-hosts"))
    checks.hold("a worker is no manager", result.returncode == 4 and "manages no swarm" in result.stderr, result.returncode, result.stderr)
    run_test.os.environ["DOCKER_HOST"] = here.host


def check_whole_run(tools, folder, here, there, checks):
    tools.must("run", "certificates", "tls", "--plan", "net.plan.json")
    run = tools.start(*run_words("--requests", "20", "--tls", "tls", "--stack-file", "stack.yml", "-o", "swarm.jsonl"))
    _, talk = run.communicate(timeout=2 * run_test.LIMIT_S)
    checks.hold("a run succeeds and says nothing", run.returncode == 0 and talk == "", run.returncode, talk)
    stack = (folder / "stack.yml").read_text()
    checks.hold("the stack file is kept", "node.labels.carbonedge.left == true" in stack and "driver: overlay" in stack and "left-key" in stack, stack)
    if run.returncode != 0:
        return
    records = [json.loads(line) for line in (folder / "swarm.jsonl").read_text().splitlines()]
    checks.hold("the log says which engine", records[0]["engine"] == "swarm", records[0])
    checks.hold("limits are imposed and told", all(l["enforced"] for l in records[0]["limits"]), records[0]["limits"])
    checks.hold("the outputs are those of the undivided network", records[-1]["outputs_checked"] is True, records[-1])
    requests = [record for record in records if record.get("record") == "request"]
    for record in requests:
        parts = sum(s["transfer_ns"] + s["queue_ns"] + s["compute_ns"] for s in record["stages"]) + record["return_transfer_ns"] + record.get("wait_ns", 0)
        checks.hold("the parts of a request add up to its latency", parts == record["latency_ns"], record)
    checks.hold("two nodes answered", {s["node"] for record in requests for s in record["stages"]} == {"left", "right"}, requests[:1])
    checks.hold("nothing is left", not (found := left(here, there)), found)


def check_interrupt(tools, here, there, checks):
    run, _ = started(tools, *run_words("--plain-text-across-hosts"))
    on_hosts = [len(engine.ask("ps", "--quiet", "--filter", f"ancestor={IMAGE}").split()) for engine in [here, there]]
    checks.hold("a container on each host", on_hosts == [1, 1], on_hosts)
    run.send_signal(signal.SIGINT)
    _, talk = run.communicate(timeout=run_test.LIMIT_S)
    checks.hold("an interrupted run ends with 130", run.returncode == 130, run.returncode, talk)
    checks.hold("nothing is left after Ctrl-C", not (found := left(here, there)), found)


def check_death(tools, here, there, checks):
    run, _ = started(tools, *run_words("--plain-text-across-hosts"))
    there.ask("kill", *there.ask("ps", "--quiet", "--filter", f"ancestor={IMAGE}").split())
    _, talk = run.communicate(timeout=run_test.LIMIT_S)
    checks.hold("a run whose node on the other host is killed ends with 1", run.returncode == 1, run.returncode, talk)
    checks.hold("one line says which", talk.count("\n") == 1 and "'right'" in talk, talk)
    checks.hold("nothing is left after a failure", not (found := left(here, there)), found)


def check_survival(tools, folder, here, there, checks):
    """The one node that the plan uses is on the other host: it is killed, and comes back; then its host cannot be reached any more."""
    tools.must("plan", "net.profile.csv", "--cluster", "two.ini", "--minimize", "latency", "-o", "one.plan.json")
    home = json.loads((folder / "one.plan.json").read_text())["pipelines"][0]["stages"][0]["node"]
    label(here, here, "left" if home == "right" else "right")
    label(here, there, home)
    words = ["run", "one.plan.json", "--model", "net.pt", "--engine", "swarm", "--image", IMAGE, "--tls", "tls", "--spares", "warm", "--heartbeat", "200ms"]
    run = Survivor(tools, words, 1600)
    there.ask("kill", there.ask("ps", "--quiet", "--filter", f"ancestor={IMAGE}"))
    checks.hold("a killed task: its spare answers", run.read_until("!" + home))
    checks.hold("a killed task: its node comes back", run.read_until(home))
    # Its service keeps the certificate that it was deployed with; the authority is the same, so it is believed.
    tools.must("run", "certificates", "tls", "--plan", "net.plan.json", "--rotate")
    (task,) = there.containers(home)
    there.ask("pause", task["Id"])
    checks.hold("a task that is paused for a while: its spare answers", run.read_until("!" + home))
    there.ask("unpause", task["Id"])
    checks.hold("a task that is paused for a while: it answers again", run.read_until(home))
    checks.hold("a task that is paused for a while: it is the same", [found["Id"] for found in there.containers(home)] == [task["Id"]])
    exhaust_memory(task)
    checks.hold("a task out of memory: its spare answers", run.read_until("!" + home))
    run.end(checks, "a killed, a paused and a filled task", f"node '{home}'", ["container end", "connection", "heartbeat"])
    failures = [record for record in run.records if record.get("record") == "failover"]
    checks.hold("the paused one came back by itself", any("returned_ns" in record for record in failures), failures)
    # Of a task that was killed for its memory a swarm says what it says of any that was killed.
    checks.hold("so are the killed and the filled one told", sum("returned_ns" not in record for record in failures) >= 2, failures)
    checks.hold("nothing is left", not (found := left(here, there)), found)

    run = Survivor(tools, words, 800)
    command("ip", "link", "set", interfaces()[0], "down")
    try:
        checks.hold("a host that cannot be reached: its spare answers", run.read_until("!" + home))
        run.read(100)
    finally:
        command("ip", "link", "set", interfaces()[0], "up")
    run.end(checks, "a host that cannot be reached", "gave no sign of life", ["heartbeat"])
    checks.hold("nothing is left after the host was away", not (found := left(here, there)), found)


def kill_host(engine):
    """Kills the engine and all that it runs, as when a host loses its power. What tells whose they are is its network namespace."""
    network = os.readlink(f"/proc/{engine.process.pid}/ns/net")
    if network == os.readlink("/proc/self/ns/net"):
        sys.exit("the other host is none of its own")
    doomed, groups = [], []
    for container in engine.containers():
        doomed.append(container["State"]["Pid"])
        for line in pathlib.Path(f"/proc/{doomed[-1]}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            groups.append(pathlib.Path(f"/sys/fs/cgroup/{controllers.removeprefix('name=')}{path}"))
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.readlink(entry / "ns/net") == network:
                doomed.append(int(entry.name))
    for process in doomed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    engine.process.wait()
    return groups


def check_lost_host(tools, folder, here, there, checks):
    """The last: the other host is gone in the midst of a run, and does not come back."""
    home = json.loads((folder / "one.plan.json").read_text())["pipelines"][0]["stages"][0]["node"]
    words = ["run", "one.plan.json", "--model", "net.pt", "--engine", "swarm", "--image", IMAGE, "--tls", "tls", "--spares", "warm", "--heartbeat", "200ms"]
    run = Survivor(tools, words, 400)
    groups = kill_host(there)
    checks.hold("a host that is gone: its spare answers", run.read_until("!" + home))
    # Its connections say so before anybody else: a broken connection may not tell whose fault it is.
    run.end(checks, "a host that is gone", f"node '{home}'", ["container end", "connection", "heartbeat"], [home, None])
    found = here.left_of_runs() + here.ask("stack", "ls", "--format", "{{.Name}}").splitlines()
    checks.hold("nothing is left where the swarm is managed", not found, found)
    for group in groups:  # a host that starts again has none
        with contextlib.suppress(OSError):
            group.rmdir()


def check(tools, folder, archive, checks):
    with swarm(folder, archive) as (here, there):
        run_test.os.environ |= {"DOCKER_HOST": here.host, "PATH": PATH}
        check_refusals(tools, here, there, checks)
        label(here, here, "left")
        label(here, there, "right")
        check_whole_run(tools, folder, here, there, checks)
        check_interrupt(tools, here, there, checks)
        check_death(tools, here, there, checks)
        check_survival(tools, folder, here, there, checks)
        check_moving_plan(tools, folder, run_words("--plain-text-across-hosts", plan="zones.plan.json"), checks)
        checks.hold("nothing is left of a plan that moved", not (found := left(here, there)), found)
        check_lost_host(tools, folder, here, there, checks)


if __name__ == "__main__":
    sys.exit(main(check))
