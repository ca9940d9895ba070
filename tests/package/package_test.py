"""What is installed, and what the .deb holds: exactly the manifest, programs that run from there, pages and completion that work.

  package_test.py BUILD_DIR PROGRAMS_DIR VERSION install|deb
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

WAY = sys.argv.pop()
VERSION = sys.argv.pop()
PROGRAMS = pathlib.Path(sys.argv.pop())
BUILD = pathlib.Path(sys.argv.pop())
HERE = pathlib.Path(__file__).resolve().parent


def call(*words, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True, **options).stdout


def expected(line):
    """A program or library that this build does not have is not installed either; zsh's completion goes where each way puts it."""
    if "/zsh/" in line:
        return ("/vendor-completions/" in line) == (WAY == "deb")
    if "/LICENSE." in line:
        return (BUILD / "lib/report/plot_library.js").stat().st_size > 0
    found = re.search(r"(?:bin/|completions/|completions.d/|man1/|cli/)(?:carbonedge-)?([a-z]+)", line)
    if not found or found.group(1) == "carbonedge":
        return True
    return (PROGRAMS / f"carbonedge-{found.group(1)}").exists()


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="carbonedge-package-")
        scratch = pathlib.Path(cls.scratch.name)
        if WAY == "install":
            cls.prefix = scratch / "prefix"
            cls.zsh_completion = cls.prefix / "share/zsh/site-functions/_carbonedge"
            call("cmake", "--install", BUILD, "--prefix", cls.prefix)
            return
        call("cpack", "-G", "DEB", "-B", scratch / "deb", cwd=BUILD)
        (cls.deb,) = (scratch / "deb").glob("*.deb")
        call("dpkg-deb", "-x", cls.deb, scratch / "root")
        cls.prefix = scratch / "root" / "usr"
        cls.zsh_completion = cls.prefix / "share/zsh/vendor-completions/_carbonedge"

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def program(self, *words, **options):
        return call(self.prefix / "bin" / words[0], *words[1:], env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}, **options)

    def test_holds_exactly_the_manifest(self):
        manifest = [line for line in (HERE / "manifest.txt").read_text().split() if expected(line)]
        actual = sorted(path.relative_to(self.prefix).as_posix() for path in self.prefix.rglob("*") if not path.is_dir())
        self.assertEqual(actual, sorted(manifest))

    def test_programs_run_from_there(self):
        for path in sorted((self.prefix / "bin").iterdir()):
            self.assertEqual(self.program(path.name, "--version"), f"{path.name} {VERSION}\n")
            if path.name in ("carbonedge", "carbonedge-node", "carbonedge-probe", "carbonedge-stage"):
                continue
            tool = path.name.removeprefix("carbonedge-")
            self.assertEqual(self.program("carbonedge", tool, "--version"), f"{path.name} {VERSION}\n")

    def test_no_program_points_into_the_build_tree(self):
        for path in (self.prefix / "bin").iterdir():
            dynamic = call("readelf", "-d", path)
            self.assertNotIn("RPATH", dynamic)
            self.assertNotIn("RUNPATH", dynamic)

    def test_man_pages_have_name_synopsis_and_diagnostics(self):
        for path in (self.prefix / "share/man/man1").iterdir():
            heads = re.findall(r"^\.SH\s+(.*)$", path.read_text(), re.MULTILINE)
            self.assertEqual(heads[0], "NAME", path.name)
            self.assertEqual(heads[-1].strip(), "DIAGNOSTICS", path.name)
            self.assertRegex(path.read_text(), rf"\n{path.stem} (\\-|-) \S")

    def complete(self, *words):
        script = f'source "{self.prefix}/share/bash-completion/completions/carbonedge"\nCOMP_WORDS=("$@")\nCOMP_CWORD=$(($# - 1))\n_carbonedge\nprintf "%s\\n" "${{COMPREPLY[@]}}"\n'
        return call("bash", "-c", script, "bash", *words, cwd=self.prefix).split()

    def test_completion_knows_tools_and_options(self):
        tools = sorted(path.name.removeprefix("carbonedge-") for path in (self.prefix / "share/bash-completion/completions").iterdir() if "-" in path.name)
        self.assertEqual(sorted(self.complete("carbonedge", "")), sorted(tools + ["help"]))
        self.assertEqual(self.complete("carbonedge", "--v"), ["--version"])
        for tool in tools:
            self.assertEqual(self.complete("carbonedge", tool[:3] if tool != "profile" else "pro"), [tool])
            self.assertEqual(self.complete("carbonedge", "help", tool), [tool])
            self.assertIn("--overwrite", self.complete("carbonedge", tool, "--o"))
            self.assertIn("--overwrite", self.complete(f"carbonedge-{tool}", "--o"))
            self.assertIn("share", self.complete(f"carbonedge-{tool}", "sh"))
        self.assertEqual(self.complete("carbonedge", "plan", "compar"), ["compare"])
        self.assertEqual(self.complete("carbonedge-report", "intensity", "--g"), ["--gap"])

    def complete_in_zsh(self, *words):
        """What the completion offers: zsh filters it by what is typed; outside its line editor that is left to us."""
        script = 'compadd() { shift; print -l -- "$@" }\n_files() { print FILES }\nwords=("$@")\nCURRENT=$#\nsource "$0"'
        return call("zsh", "-fc", script, self.zsh_completion, *words).split()

    @unittest.skipUnless(shutil.which("zsh"), "there is no zsh: apt-get install zsh")
    def test_zsh_completion_knows_tools_and_options(self):
        path = self.zsh_completion
        call("zsh", "-n", path)
        tools = [word for word in self.complete_in_zsh("carbonedge", "") if word != "help"]
        self.assertEqual(path.read_text().splitlines()[0].split(), ["#compdef", "carbonedge", *(f"carbonedge-{tool}" for tool in tools)])
        self.assertIn("--version", self.complete_in_zsh("carbonedge", "--v"))
        for tool in tools:
            self.assertIn(tool, self.complete_in_zsh("carbonedge", "help", ""))
            self.assertIn("--overwrite", self.complete_in_zsh("carbonedge", tool, "--o"))
            self.assertIn("--overwrite", self.complete_in_zsh(f"carbonedge-{tool}", "--o"))
            self.assertIn("FILES", self.complete_in_zsh(f"carbonedge-{tool}", ""))
        self.assertIn("compare", self.complete_in_zsh("carbonedge", "plan", ""))
        self.assertIn("--scope", self.complete_in_zsh("carbonedge", "report", "intensity", "--s"))
        self.assertNotIn("--gate", self.complete_in_zsh("carbonedge-report", "intensity", "--g"))

    def complete_in_fish(self, line):
        script = 'for file in $argv[2]/carbonedge*.fish; source $file; end; complete -C $argv[1]'
        return call("fish", "-N", "-c", script, line, self.prefix / "share/fish/vendor_completions.d", cwd=self.prefix, env={"PATH": "/usr/bin:/bin", "HOME": self.scratch.name}).split()

    @unittest.skipUnless(shutil.which("fish"), "there is no fish: apt-get install fish")
    def test_fish_completion_knows_tools_and_options(self):
        folder = self.prefix / "share/fish/vendor_completions.d"
        tools = sorted(path.stem.removeprefix("carbonedge-") for path in folder.iterdir() if "-" in path.name)
        for path in folder.iterdir():
            call("fish", "-n", path)
        self.assertEqual([word for word in self.complete_in_fish("carbonedge ") if not word.startswith("-")], sorted(tools + ["help"]))
        self.assertEqual(self.complete_in_fish("carbonedge --v"), ["--version"])
        for tool in tools:
            self.assertEqual(self.complete_in_fish(f"carbonedge help {tool}"), [tool])
            self.assertIn("--overwrite", self.complete_in_fish(f"carbonedge {tool} --o"))
            self.assertIn("--overwrite", self.complete_in_fish(f"carbonedge-{tool} --o"))
            self.assertIn("share/", self.complete_in_fish(f"carbonedge-{tool} sh"))
        self.assertEqual(self.complete_in_fish("carbonedge plan compar"), ["compare"])
        self.assertIn("--scope", self.complete_in_fish("carbonedge report intensity --s"))
        self.assertEqual(self.complete_in_fish("carbonedge-report intensity --g"), ["--gap"])

    @unittest.skipUnless(WAY == "deb", "only the .deb names packages")
    def test_deb_depends_on_what_its_programs_load(self):
        depends = call("dpkg-deb", "-f", self.deb, "Depends")
        self.assertIn("libopenblas0-pthread", depends)
        self.assertIn("libfmt9", depends)
        if (PROGRAMS / "carbonedge-node").exists():
            self.assertIn("libtorch", depends)
            self.assertIn("libgrpc++", depends)


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    for _, reason in result.skipped:
        print(f"skipped: {reason}")
    sys.exit(0 if result.wasSuccessful() else 1)
