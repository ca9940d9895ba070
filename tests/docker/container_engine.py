"""A container engine of the test's own: starts dockerd with everything it keeps in one folder, and makes an image of the programs of a
build, their libraries and a shell, without a registry or a package server."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time

START_LIMIT_S = 60


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
