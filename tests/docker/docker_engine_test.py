"""carbonedge run --engine docker against a real container engine: what a user sees when all goes well, what the containers may do, and that
nothing is left after success, failure and Ctrl-C."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys

from container_engine import IMAGE, PATH, Engine, Survivor, check_moving_plan, exhaust_memory, main, run_test, started


WORDS = ["run", "net.plan.json", "--model", "net.pt", "--engine", "docker", "--image", IMAGE]


def check_whole_run(tools, folder, engine, checks):
    run = tools.start(*WORDS, "--requests", "20", "--in-flight", "2", "-o", "docker.jsonl")
    _, talk = run.communicate(timeout=run_test.LIMIT_S)
    checks.hold("a run succeeds and says nothing", run.returncode == 0 and talk == "", run.returncode, talk)
    if run.returncode != 0:
        return
    records = [json.loads(line) for line in (folder / "docker.jsonl").read_text().splitlines()]
    header, end = records[0], records[-1]
    checks.hold("the log says which engine", header["engine"] == "docker", header)
    checks.hold("limits are imposed and told", all(l["enforced"] and l["mechanism"].startswith("docker cgroup-v") for l in header["limits"]), header["limits"])
    checks.hold("links: the delay by the sender, the bandwidth by the kernel", [(link["latency_by"], link["bandwidth_by"]) for link in header["links"]]
                == 3 * [("user space", "tc")], header["links"])
    checks.hold("the outputs are those of the undivided network", end["outputs_checked"] is True, end)
    for record in records:
        if record.get("record") == "request":
            parts = sum(s["transfer_ns"] + s["queue_ns"] + s["compute_ns"] for s in record["stages"]) + record["return_transfer_ns"] + record.get("wait_ns", 0)
            checks.hold("the parts of a request add up to its latency", parts == record["latency_ns"], record)
        if record.get("record") == "node":
            checks.hold("a node tells what it used", record["total_cpu_ns"] >= record["compute_cpu_ns"] > 0 and record["peak_memory_bytes"] > 0, record)
    checks.hold("nothing is left", not engine.left_of_runs(), engine.left_of_runs())
    checks.hold("report reads the log", tools.run("report", "docker.jsonl").returncode == 0)


def sent_through_limits(namespace, device):
    """Bytes that have passed the limits of tc on a device."""
    words = ["tc", "-s", "class", "show", "dev", device]
    shown = subprocess.run(["nsenter", f"--net={namespace}", *words] if namespace else words, env=os.environ | {"PATH": PATH},
                           capture_output=True, text=True, check=True).stdout
    return sum(int(sent) for sent in re.findall(r"Sent (\d+) bytes", shown))


def check_limited_links(engine, checks, found):
    """The kernel limits what each end of a link sends: both containers, and the gateway on the network's bridge."""
    for container in found:
        sent = sent_through_limits(f"/proc/{container['State']['Pid']}/ns/net", "eth0")
        checks.hold("what a container sends goes through a limit", sent > 0, sent)
    network = json.loads(engine.ask("network", "inspect", *found[0]["NetworkSettings"]["Networks"]))[0]
    sent = sent_through_limits("", f"br-{network['Id'][:12]}")
    checks.hold("so does what the gateway sends", sent > 0, sent)


def check_what_containers_may(tools, engine, checks):
    tools.must("run", "certificates", "tls", "--plan", "net.plan.json")
    run, _ = started(tools, *WORDS, "--tls", "tls")
    found = engine.containers()
    checks.hold("a container a node", sorted(c["Config"]["Labels"]["carbonedge.node"] for c in found) == ["left", "right"], found)
    for container in found:
        host = container["HostConfig"]
        checks.hold("CPU quota and period", (host["CpuQuota"], host["CpuPeriod"]) == (50_000, 100_000), host["CpuQuota"], host["CpuPeriod"])
        checks.hold("memory, swap included", host["Memory"] == host["MemorySwap"] == 1 << 30, host["Memory"], host["MemorySwap"])
        checks.hold("a root that cannot be written", host["ReadonlyRootfs"] is True)
        checks.hold("no privileges", host["CapDrop"] == ["ALL"] and "no-new-privileges" in host["SecurityOpt"] and not host["Privileged"], host["CapDrop"], host["SecurityOpt"])
        checks.hold("another user than root", container["Config"]["User"] == "10001:10001", container["Config"]["User"])
        checks.hold("a health check", "carbonedge-probe" in container["Config"]["Healthcheck"]["Test"][-1], container["Config"])
        probe = engine.ask("exec", container["Id"], *container["Config"]["Healthcheck"]["Test"][-1].replace("--quiet ", "--ready ").split())
        checks.hold("the health check is answered", probe == "ready", probe)
        name = container["Config"]["Labels"]["carbonedge.node"]
        checks.hold("its own certificate and no other", [m["Destination"] for m in container["Mounts"] if m["Type"] == "bind"] == [f"/run/tls/{name}"], container["Mounts"])
        network = json.loads(engine.ask("network", "inspect", *container["NetworkSettings"]["Networks"]))[0]
        checks.hold("a network that leads nowhere else", network["Internal"] is True, network)
    check_limited_links(engine, checks, found)
    run.send_signal(signal.SIGINT)
    _, talk = run.communicate(timeout=run_test.LIMIT_S)
    checks.hold("an interrupted run ends with 130", run.returncode == 130, run.returncode, talk)
    checks.hold("nothing is left after Ctrl-C", not engine.left_of_runs(), engine.left_of_runs())


def check_death(tools, engine, checks):
    run, _ = started(tools, *WORDS)
    victim = engine.containers()[0]
    engine.ask("kill", victim["Id"])
    _, talk = run.communicate(timeout=run_test.LIMIT_S)
    checks.hold("a run whose container is killed ends with 1", run.returncode == 1, run.returncode, talk)
    name = victim["Config"]["Labels"]["carbonedge.node"]
    checks.hold("one line says which and how", talk.count("\n") == 1 and f"node '{name}' was killed by signal 9 (Killed)" in talk, talk)
    checks.hold("nothing is left after a failure", not engine.left_of_runs(), engine.left_of_runs())


def check_refusals(tools, engine, checks):
    for what, options, parts in [
        ("an image that is not there", ["--image", "no-such-image"], ["no such image", "make -f Makefile.docker image"]),
        ("a program that is not there", ["--docker", "no-such-docker"], ["cannot execute no-such-docker", "--docker"]),
    ]:
        result = tools.run("run", "net.plan.json", "--model", "net.pt", "--engine", "docker", "--requests", "1", *options)
        checks.hold(what, result.returncode == 4 and result.stderr.count("\n") == 1 and all(part in result.stderr for part in parts), result.returncode, result.stderr)
    run_test.os.environ["DOCKER_HOST"] = "unix:///nowhere/socket"
    result = tools.run("run", "net.plan.json", "--model", "net.pt", "--engine", "docker", "--requests", "1")
    checks.hold("no engine that answers", result.returncode == 4 and "no container engine answers" in result.stderr, result.returncode, result.stderr)
    run_test.os.environ["DOCKER_HOST"] = engine.host


def check_survival(tools, folder, engine, checks):
    """With a warm spare a container that is hurt costs nobody an answer, and its node comes back."""
    words = ["run", "one.plan.json", "--model", "net.pt", "--engine", "docker", "--image", IMAGE, "--spares", "warm"]
    ended = ["container end", "connection", "heartbeat"]  # whichever came first
    # A node whose memory is full may say nothing for a while before it is killed for it.
    for what, heartbeat, injure, cause, noticed in [
        ("a killed container", "100ms", lambda hurt: engine.ask("kill", "--signal", "KILL", hurt["Id"]), "was killed by signal 9", ended),
        ("a paused container", "100ms", lambda hurt: engine.ask("pause", hurt["Id"]), "gave no sign of life", ["heartbeat"]),
        ("a container out of memory", "2s", exhaust_memory, "out of memory", ended),
    ]:
        run = Survivor(tools, [*words, "--heartbeat", heartbeat], 900)
        hurt = engine.containers(run.home)[0]
        injure(hurt)
        checks.hold(f"{what}: its spare answers", run.read_until("!" + run.home))
        checks.hold(f"{what}: its node comes back", run.read_until(run.home))
        again = engine.containers(run.home)
        checks.hold(f"{what}: as another container", len(again) == 1 and again[0]["Id"] != hurt["Id"], again)
        run.end(checks, what, cause, noticed)
        checks.hold(f"{what}: both nodes are accounted for", sum(record.get("record") == "node" for record in run.records) == 2, run.records[-3:])
        checks.hold(f"{what}: nothing is left", not engine.left_of_runs() and not list(folder.glob("carbonedge-*")), engine.left_of_runs(), list(folder.glob("carbonedge-*")))


def check_return(tools, folder, engine, checks):
    """A container that freezes for a while serves again as it is. Certificates are replaced meanwhile, and hold for who is started after that."""
    tools.must("run", "certificates", "tls", "--plan", "one.plan.json", "--overwrite")
    words = ["run", "one.plan.json", "--model", "net.pt", "--engine", "docker", "--image", IMAGE, "--tls", "tls", "--spares", "warm", "--heartbeat", "400ms"]
    run = Survivor(tools, words, 800)
    hurt = engine.containers(run.home)[0]
    engine.ask("pause", hurt["Id"])
    checks.hold("a container that is paused for a while: its spare answers", run.read_until("!" + run.home))
    engine.ask("unpause", hurt["Id"])
    checks.hold("a container that is paused for a while: it answers again", run.read_until(run.home))
    again = engine.containers(run.home)
    checks.hold("a container that is paused for a while: it is the same", [found["Id"] for found in again] == [hurt["Id"]], again)
    before = (folder / "tls" / run.home / "cert.pem").read_text()
    tools.must("run", "certificates", "tls", "--plan", "one.plan.json", "--rotate")
    checks.hold("certificates are replaced", (folder / "tls" / run.home / "cert.pem").read_text() != before)
    engine.ask("kill", hurt["Id"])
    checks.hold("with other certificates: the spare answers", run.read_until("!" + run.home))
    checks.hold("with other certificates: the node comes back", run.read_until(run.home))
    (mount,) = [mount for mount in engine.containers(run.home)[0]["Mounts"] if mount["Type"] == "bind"]
    shown = (pathlib.Path(mount["Source"]) / "cert.pem").read_text()
    checks.hold("with other certificates: it shows the new one", shown == (folder / "tls" / run.home / "cert.pem").read_text() != before)
    run.end(checks, "a container that is paused for a while", "gave no sign of life", ["heartbeat"])
    returned = [record.get("returned_ns") for record in run.records if record.get("record") == "failover"]
    checks.hold("the log says that it came back, and only then", len(returned) >= 2 and returned[0] is not None and returned[1:] == [None] * (len(returned) - 1), returned)
    checks.hold("nothing is left", not engine.left_of_runs(), engine.left_of_runs())


def check_cold(tools, folder, engine, checks):
    """Without anything loaded in advance the other node is started when it is needed; Ctrl-C meanwhile leaves nothing either."""
    words = ["run", "one.plan.json", "--model", "net.pt", "--engine", "docker", "--image", IMAGE, "--spares", "cold"]
    run = Survivor(tools, words, 400)
    checks.hold("cold: nothing is started in advance", len(engine.containers()) == 1, engine.containers())
    engine.ask("kill", engine.containers(run.home)[0]["Id"])
    run.end(checks, "a killed container, cold", "was killed by signal 9", ["container end", "connection", "heartbeat"])
    run = Survivor(tools, words, 100_000)
    engine.ask("kill", engine.containers(run.home)[0]["Id"])
    run.run.send_signal(signal.SIGINT)
    _, talk = run.run.communicate(timeout=run_test.LIMIT_S)
    checks.hold("a run that is interrupted while it recovers ends with 130", run.run.returncode == 130, run.run.returncode, talk)
    checks.hold("nothing is left of it", not engine.left_of_runs() and not list(folder.glob("carbonedge-*")), engine.left_of_runs(), list(folder.glob("carbonedge-*")))


def check(tools, folder, archive, checks):
    engine = Engine(folder / "engine")
    try:
        engine.ask("import", str(archive), IMAGE)
        archive.unlink()
        run_test.os.environ |= {"DOCKER_HOST": engine.host, "PATH": PATH}
        check_whole_run(tools, folder, engine, checks)
        check_what_containers_may(tools, engine, checks)
        check_death(tools, engine, checks)
        tools.must("plan", "net.profile.csv", "--cluster", "two.ini", "--minimize", "latency", "-o", "one.plan.json")
        check_survival(tools, folder, engine, checks)
        check_return(tools, folder, engine, checks)
        check_cold(tools, folder, engine, checks)
        check_moving_plan(tools, folder, ["run", "zones.plan.json", "--model", "net.pt", "--engine", "docker", "--image", IMAGE], checks)
        checks.hold("nothing is left of a plan that moved", not engine.left_of_runs(), engine.left_of_runs())
        check_refusals(tools, engine, checks)
    finally:
        engine.stop()


if __name__ == "__main__":
    sys.exit(main(check))
