"""scripts/install_deps with stand-ins for Debian's tools: installs what is missing and only that, updates only when it must, asks sudo only
when it is not root."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = sys.argv.pop()
PACKAGES = subprocess.run([SCRIPT, "--list"], capture_output=True, text=True, check=True).stdout.split()

# The stand-ins keep the installed packages in $STATE/installed and write what they were asked into $STATE/calls.
STAND_INS = {
    "dpkg-query": 'for p in "${@:3}"; do grep -qx "$p" "$STATE/installed" && echo "$p installed" || missing=1; done; exit ${missing:-0}',
    "apt-cache": '[ -e "$STATE/lists" ]',
    "apt-get": 'echo "apt-get $*" >> "$STATE/calls"\n'
    'case "$1" in update) touch "$STATE/lists" ;; install) [ -e "$STATE/broken" ] && exit 100; [ -e "$STATE/lists" ] || exit 100\n'
    'for p in "$@"; do case "$p" in install|-*) ;; *) echo "$p" >> "$STATE/installed" ;; esac; done ;; esac',
    "sudo": 'echo "sudo" >> "$STATE/calls"; shift; "$@"',
    "id": 'cat "$STATE/user"',
    "update-alternatives": 'echo "update-alternatives $*" >> "$STATE/calls"',
}


class InstallDeps(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        for name, body in STAND_INS.items():
            path = self.folder / "bin" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"#!/bin/bash\n{body}\n")
            path.chmod(0o755)
        self.state = self.folder / "state"
        self.state.mkdir()
        (self.state / "user").write_text("0\n")
        (self.state / "lists").touch()

    def tearDown(self):
        self.scratch.cleanup()

    def installed(self, packages):
        (self.state / "installed").write_text("".join(f"{package}\n" for package in packages))

    def run_script(self, *words):
        environment = {"PATH": f"{self.folder / 'bin'}:/usr/bin:/bin", "STATE": str(self.state)}
        return subprocess.run([SCRIPT, *words], capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL)

    def calls(self):
        file = self.state / "calls"
        return [line for line in file.read_text().splitlines() if "alternatives" not in line] if file.exists() else []

    def test_all_there_calls_nothing(self):
        self.installed(PACKAGES)
        result = self.run_script("--dev")
        self.assertEqual((result.returncode, result.stdout, self.calls()), (0, "", []))

    def test_installs_only_what_is_missing(self):
        self.installed(set(PACKAGES) - {"ninja-build", "doctest-dev"})
        self.assertEqual(self.run_script().returncode, 0)
        self.assertEqual(self.calls(), ["apt-get install -y -q --no-install-recommends ninja-build doctest-dev"])

    def test_a_bare_machine_updates_first(self):
        self.installed([])
        (self.state / "lists").unlink()
        self.assertEqual(self.run_script().returncode, 0)
        self.assertEqual([call.split()[1] for call in self.calls()], ["update", "install"])

    def test_without_root_asks_sudo(self):
        self.installed(set(PACKAGES) - {"ccache"})
        (self.state / "user").write_text("1000\n")
        self.assertEqual(self.run_script().returncode, 0)
        self.assertEqual(self.calls()[0], "sudo")

    def test_developers_get_more(self):
        self.installed(set(PACKAGES) - {"clang-tidy"})
        self.assertEqual(self.run_script().returncode, 0)
        self.assertEqual(self.calls(), [])
        self.assertEqual(self.run_script("--dev").returncode, 0)
        self.assertEqual(self.calls(), ["apt-get install -y -q --no-install-recommends clang-tidy"])

    def test_a_failed_installation_is_a_failure(self):
        self.installed([])
        (self.state / "broken").touch()
        self.assertNotEqual(self.run_script().returncode, 0)

    def test_an_unknown_option_is_wrong_usage(self):
        self.assertEqual(self.run_script("--everything").returncode, 2)


if __name__ == "__main__":
    unittest.main()
