"""make -f Makefile.docker base, image and run, typed as they are against a real container engine: the image of a .deb that this build makes, what
it may do, its health check, and a plan run by it. Compiling inside a container is left out: it takes as long as the build did."""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "pipeline")]
import container_engine  # noqa: E402
import run_test  # noqa: E402

MIRROR = "http://deb.debian.org/debian/dists/bookworm/InRelease"
BASE, IMAGE = "carbonedge-test-base", "carbonedge-test"
LARGEST_IMAGE_BYTES = 750e6
NODE_DIRECTORY = "/run/carbonedge"
LOCKED_DOWN = ["--read-only", "--network", "none", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
HEALTH_LIMIT_S = 60


def why_not():
    if reason := container_engine.why_not():
        return reason
    if shutil.which("mmdebstrap", path=container_engine.PATH) is None:
        return "there is no mmdebstrap"
    try:
        urllib.request.urlopen(MIRROR, timeout=20).close()
    except OSError as error:
        return f"Debian's packages cannot be had: {error}"
    return ""


def package_of(build, folder):
    subprocess.run(["cpack", "-G", "DEB", "-B", folder], cwd=build, capture_output=True, text=True, check=True)
    (package,) = folder.glob("*.deb")
    return package


class Maker:
    """Types make in the project's folder; says how long each target took."""

    def __init__(self, source, engine):
        self.source, self.engine = source, engine

    def make(self, target, *variables):
        begin = time.monotonic()
        result = subprocess.run(["make", "-f", "Makefile.docker", target, f"BASE_IMAGE={BASE}", f"IMAGE={IMAGE}", *variables], cwd=self.source,
                                env=self.engine.environment(), capture_output=True, text=True, check=False)
        print(f"make -f Makefile.docker {target}: {time.monotonic() - begin:.0f} s")
        if result.returncode != 0:
            sys.exit(f"make {target}: {result.returncode}\n{result.stdout[-3000:]}\n{result.stderr[-3000:]}")
        return result.stdout


def check_image(engine, version, checks):
    (image,) = json.loads(engine.ask("image", "inspect", IMAGE))
    (base,) = json.loads(engine.ask("image", "inspect", BASE))
    config, size = image["Config"], image["Size"]
    print(f"image: {size / 1e6:.0f} MB, of which the base {base['Size'] / 1e6:.0f} MB")
    checks.hold("the image is small", size < LARGEST_IMAGE_BYTES, size)
    labels = {key.removeprefix("org.opencontainers.image."): value for key, value in config["Labels"].items()}
    checks.hold("labels", labels["title"] == "carbonedge" and labels["version"] == version and labels["licenses"] == "Apache-2.0", labels)
    checks.hold("the revision is said, where git knows it", labels["revision"] != "", labels)
    checks.hold("another user than root", config["User"] == "10001:10001", config["User"])
    checks.hold("how it is stopped", config["StopSignal"] == "SIGTERM", config)
    checks.hold("a health check", config["Healthcheck"]["Test"] == ["CMD", "carbonedge-healthy"], config["Healthcheck"])
    inside = engine.ask("run", "--rm", "--entrypoint", "sh", IMAGE, "-c", "id -u; ls -d /source /package 2>/dev/null; ls /var/lib/dpkg/status.d | grep -c .")
    user, *found, records = inside.split()
    checks.hold("no sources are in it", (user, found) == ("10001", []), inside)
    checks.hold("packages of the libraries are on record", int(records) > 100, records)


def healthy(engine, name):
    return engine.ask("inspect", "--format", "{{.State.Health.Status}}", name)


def await_health(engine, name, wanted):
    deadline = time.monotonic() + HEALTH_LIMIT_S
    while (state := healthy(engine, name)) != wanted and time.monotonic() < deadline:
        time.sleep(0.2)
    return state


def check_health(engine, checks):
    """A node that may write nothing but its own directory, mounted as a swarm does it, then one that is frozen."""
    name = "carbonedge-health"
    engine.ask("run", "--detach", "--name", name, *LOCKED_DOWN, "--mount", f"type=tmpfs,target={NODE_DIRECTORY}", "--health-interval", "500ms",
               "--health-retries", "1", "--health-start-period", "0s", "--entrypoint", "carbonedge-node", IMAGE, "--name", "green", "--directory", NODE_DIRECTORY)
    try:
        state = await_health(engine, name, "healthy")
        checks.hold("a node that answers is healthy", state == "healthy", state, engine.ask("logs", name))
        engine.ask("kill", "--signal", "STOP", name)
        state = await_health(engine, name, "unhealthy")
        checks.hold("a frozen one is not", state == "unhealthy", state)
        engine.ask("kill", "--signal", "CONT", name)
        engine.ask("stop", name)
        status = engine.ask("inspect", "--format", "{{.State.ExitCode}}", name)
        checks.hold("it ends in order when it is stopped", status == "0", status)
    finally:
        engine.ask("rm", "--force", "--volumes", name)


def check_run(maker, tools, folder, engine, version, checks):
    said = maker.make("run", "ARGS=plan --version")
    checks.hold("make run runs a tool", f"carbonedge-plan {version}" in said, said)
    folder.chmod(0o755)  # the image's user must read it
    words = ["run", "--rm", *LOCKED_DOWN, "--tmpfs", "/tmp:mode=1777", "--volume", f"{folder}:/files:ro", IMAGE, "run", "net.plan.json", "--model", "net.pt", "--requests", "5"]
    end = json.loads(engine.ask(*words).splitlines()[-1])
    checks.hold("the image runs a whole plan, with right outputs", end["outputs_checked"] is True and end["succeeded"] == 5, end)
    run = tools.start("run", "net.plan.json", "--model", "net.pt", "--engine", "docker", "--image", IMAGE, "--requests", "5", "-o", "image.jsonl")
    _, talk = run.communicate(timeout=run_test.LIMIT_S)
    checks.hold("its containers are nodes of a run", run.returncode == 0, run.returncode, talk)
    checks.hold("nothing is left", not engine.left_of_runs(), engine.left_of_runs())


def main():
    parser = argparse.ArgumentParser()
    for name in ["programs", "build", "source", "version"]:
        parser.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args()
    if reason := why_not():
        print("skipped:", reason)
        return run_test.SKIPPED
    checks = run_test.Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        files = folder / "files"
        files.mkdir()
        tools = run_test.Tools(arguments.programs, files)
        run_test.prepare(tools, files)
        package = package_of(arguments.build, folder / "package")
        engine = container_engine.Engine(folder / "engine")
        try:
            maker = Maker(arguments.source, engine)
            maker.make("base")
            maker.make("image", f"DEB={package}")
            check_image(engine, arguments.version, checks)
            check_health(engine, checks)
            run_test.os.environ |= {"DOCKER_HOST": engine.host, "PATH": container_engine.PATH}
            check_run(maker, tools, files, engine, arguments.version, checks)
        finally:
            engine.stop()
            shutil.rmtree(pathlib.Path(arguments.source) / "build" / "docker", ignore_errors=True)
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
