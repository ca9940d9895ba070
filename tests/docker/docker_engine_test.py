"""carbonedge run --engine docker against a real container engine: what a user sees when all goes well, what the containers may do, and that
nothing is left after success, failure and Ctrl-C."""

import argparse
import json
import pathlib
import signal
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "pipeline")]
import container_engine  # noqa: E402
import run_test  # noqa: E402

IMAGE = "carbonedge-of-build"


def started(tools, *options):
    """A long run that has answered some requests, and the lines of its log so far."""
    run = tools.start("run", "net.plan.json", "--model", "net.pt", "--engine", "docker", "--image", IMAGE, "--requests", "1000000", *options,
                      stdout=run_test.subprocess.PIPE)
    lines = [run.stdout.readline() for _ in range(6)]
    if not lines[-1]:
        sys.exit("the run did not get going: " + run.stderr.read())
    return run, lines


def containers(engine):
    ids = engine.ask("ps", "--quiet", "--filter", "label=carbonedge.run").split()
    return json.loads(engine.ask("inspect", *ids)) if ids else []


def check_whole_run(tools, folder, engine, checks):
    run = tools.start("run", "net.plan.json", "--model", "net.pt", "--engine", "docker", "--image", IMAGE, "--requests", "20", "--in-flight", "2", "-o", "docker.jsonl")
    _, talk = run.communicate(timeout=run_test.LIMIT_S)
    checks.hold("a run succeeds and says nothing", run.returncode == 0 and talk == "", run.returncode, talk)
    if run.returncode != 0:
        return
    records = [json.loads(line) for line in (folder / "docker.jsonl").read_text().splitlines()]
    header, end = records[0], records[-1]
    checks.hold("the log says which engine", header["engine"] == "docker", header)
    checks.hold("limits are imposed and told", all(l["enforced"] and l["mechanism"].startswith("docker cgroup-v") for l in header["limits"]), header["limits"])
    checks.hold("the outputs are those of the undivided network", end["outputs_checked"] is True, end)
    for record in records:
        if record.get("record") == "request":
            parts = sum(s["transfer_ns"] + s["queue_ns"] + s["compute_ns"] for s in record["stages"]) + record["return_transfer_ns"] + record.get("wait_ns", 0)
            checks.hold("the parts of a request add up to its latency", parts == record["latency_ns"], record)
        if record.get("record") == "node":
            checks.hold("a node tells what it used", record["total_cpu_ns"] >= record["compute_cpu_ns"] > 0 and record["peak_memory_bytes"] > 0, record)
    checks.hold("nothing is left", not engine.left_of_runs(), engine.left_of_runs())
    checks.hold("report reads the log", tools.run("report", "docker.jsonl").returncode == 0)


def check_what_containers_may(tools, engine, checks):
    tools.must("run", "certificates", "tls", "--plan", "net.plan.json")
    run, _ = started(tools, "--tls", "tls")
    found = containers(engine)
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
    run.send_signal(signal.SIGINT)
    _, talk = run.communicate(timeout=run_test.LIMIT_S)
    checks.hold("an interrupted run ends with 130", run.returncode == 130, run.returncode, talk)
    checks.hold("nothing is left after Ctrl-C", not engine.left_of_runs(), engine.left_of_runs())


def check_death(tools, engine, checks):
    run, _ = started(tools)
    victim = containers(engine)[0]
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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True)
    arguments = parser.parse_args()
    reason = container_engine.why_not()
    if reason:
        print("skipped:", reason)
        return run_test.SKIPPED
    checks = run_test.Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        tools = run_test.Tools(arguments.programs, folder)
        run_test.prepare(tools, folder)
        engine = container_engine.Engine(folder / "engine")
        try:
            archive = container_engine.image_archive([f"{arguments.programs}/carbonedge-{tool}" for tool in ["node", "probe"]], folder / "image.tar")
            engine.ask("import", str(archive), IMAGE)
            archive.unlink()
            run_test.os.environ |= {"DOCKER_HOST": engine.host, "PATH": container_engine.PATH}
            check_whole_run(tools, folder, engine, checks)
            check_what_containers_may(tools, engine, checks)
            check_death(tools, engine, checks)
            check_refusals(tools, engine, checks)
        finally:
            engine.stop()
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
