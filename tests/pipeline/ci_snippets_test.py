"""The shell of docs/ci/, as the services would run it: in a clone of a repository whose change goes to a branch, with recorded samples
in place of measuring and the real report.

  ci_snippets_test.py CARBONEDGE_REPORT SOURCE
"""

import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import textwrap
import unittest
import xml.etree.ElementTree

try:
    import yaml
except ImportError:
    print("skipped: needs Python's yaml (scripts/install_deps)")
    sys.exit(77)

REPORT, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2])
RECORDED = SOURCE / "tests/golden/inputs/gate"
DOCUMENTS = SOURCE / "docs/ci"

# Stands for the front: `report` is the real one, `profile` hands out the recorded samples once both models are there and differ.
FRONT = """#!/bin/sh
verb=$1; shift
case "$verb" in
    report) exec {report} "$@" ;;
    profile)
        cmp -s "$1" base.pt && {{ echo "the same model twice" >&2; exit 9; }}
        [ "$2 $3" = "--against base.pt" ] && grep -q new "$1" && grep -q old base.pt || exit 9
        while [ "$1" != -o ]; do shift; done
        cp "$RECORDED_SAMPLES" "$2" ;;
    *) exit 9 ;;
esac
"""
EXPORT = "import sys\nopen(sys.argv[1], 'w').write('{version}')\n"
OUTCOMES = [("same", 0), ("slower", 1), ("too_few", 3)]


def github_shell():
    steps = yaml.safe_load((DOCUMENTS / "github-actions.yml").read_text(encoding="utf-8"))["jobs"]["gate"]["steps"]
    # What GitHub runs for `shell: bash`.
    return [(["bash", "--noprofile", "--norc", "-eo", "pipefail"], step["run"]) for step in steps if "run" in step and not step["name"].startswith("Install")]


def installing_shell(service):
    """The lines that bring carbonedge, of the services that have some."""
    if service == "github":
        steps = yaml.safe_load((DOCUMENTS / "github-actions.yml").read_text(encoding="utf-8"))["jobs"]["gate"]["steps"]
        return "\n".join(step["run"] for step in steps if step.get("name", "").startswith("Install"))
    return "\n".join(yaml.safe_load((DOCUMENTS / "gitlab-ci.yml").read_text(encoding="utf-8"))["carbon-gate"]["before_script"])


def gitlab_shell():
    script = yaml.safe_load((DOCUMENTS / "gitlab-ci.yml").read_text(encoding="utf-8"))["carbon-gate"]["script"]
    # GitLab's runner makes one script of all lines, under these options.
    return [(["bash", "-eo", "pipefail"], "\n".join(script))]


def jenkins_shell():
    text = (DOCUMENTS / "Jenkinsfile").read_text(encoding="utf-8")
    # What Jenkins' sh step runs where the script names no interpreter: sh -xe.
    return [(["sh", "-xe"], textwrap.dedent(shell)) for shell in re.findall(r"'''\n(.*?)'''", text, re.DOTALL)]


SERVICES = {
    "github": (github_shell, {"GITHUB_BASE_REF": "main"}, 3, "summary.md"),
    "gitlab": (gitlab_shell, {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}, 1, "gate.md"),
    "jenkins": (jenkins_shell, {"CHANGE_TARGET": "main"}, 3, "gate.md"),
}


def git(*words, cwd):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *words], cwd=cwd, check=True, capture_output=True)


def make_workspace(folder):
    """A clone on the branch of a change, and a folder with the front."""
    origin, workspace, programs = folder / "origin", folder / "workspace", folder / "programs"
    origin.mkdir()
    programs.mkdir()
    git("init", "-q", cwd=origin)
    (origin / "export_model.py").write_text(EXPORT.format(version="old"), encoding="utf-8")
    (origin / "gate.ini").write_bytes((RECORDED / "gate.ini").read_bytes())
    git("add", "-A", cwd=origin)
    git("commit", "-qm", "old", cwd=origin)
    git("clone", "-q", origin.as_uri(), str(workspace), cwd=folder)
    git("checkout", "-qb", "change", cwd=workspace)
    (workspace / "export_model.py").write_text(EXPORT.format(version="new"), encoding="utf-8")
    git("commit", "-qam", "new", cwd=workspace)
    (programs / "carbonedge").write_text(FRONT.format(report=shlex.quote(REPORT)), encoding="utf-8")
    (programs / "carbonedge").chmod(0o755)
    return workspace, programs


class CiSnippets(unittest.TestCase):
    def build(self, service, samples, workspace, programs):
        """Status of the first step that fails, as a service would see it, or 0, and what it said."""
        shell, variables, steps, _ = SERVICES[service]
        commands = shell()
        self.assertEqual(len(commands), steps)
        environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(workspace.parent), "LC_ALL": "C.UTF-8"} | variables
        environment["RECORDED_SAMPLES"] = str(RECORDED / f"{samples}.samples.jsonl")
        environment["GITHUB_STEP_SUMMARY"] = str(workspace / "summary.md")
        for interpreter, script in commands:
            path = workspace.parent / "step.sh"
            path.write_text(script, encoding="utf-8")
            result = subprocess.run([*interpreter, str(path)], cwd=workspace, env=environment, capture_output=True, text=True, check=False, timeout=120)
            if result.returncode != 0:
                return result.returncode, result.stderr
        return 0, ""

    def hold(self, service):
        summary = SERVICES[service][3]
        for samples, expected in OUTCOMES:
            with self.subTest(samples=samples), tempfile.TemporaryDirectory() as name:
                workspace, programs = make_workspace(pathlib.Path(name))
                for _ in range(2):  # services keep workspaces
                    status, said = self.build(service, samples, workspace, programs)
                    self.assertEqual(status, expected, said)
                root = xml.etree.ElementTree.parse(workspace / "gate.xml").getroot()
                self.assertEqual(int(root.get("failures")) + int(root.get("errors")) == 0, expected == 0)
                text = (workspace / summary).read_text(encoding="utf-8")
                self.assertTrue(text.startswith("## Gate: "))
                self.assertIn("| latency |", text)

    def test_github_actions(self):
        self.hold("github")

    def test_gitlab_ci(self):
        self.hold("gitlab")

    def test_jenkins(self):
        self.hold("jenkins")

    def test_a_gate_file_that_is_missing_is_no_verdict(self):
        for service in SERVICES:
            with self.subTest(service=service), tempfile.TemporaryDirectory() as name:
                workspace, programs = make_workspace(pathlib.Path(name))
                (workspace / "gate.ini").unlink()
                status, said = self.build(service, "same", workspace, programs)
                self.assertEqual(status, 4, said)
                self.assertIn("error: gate.ini", said)
                self.assertFalse((workspace / "gate.xml").exists())

    def test_what_installs_carbonedge_calls_a_target_that_there_is(self):
        makefile = (SOURCE / "Makefile").read_text(encoding="utf-8")
        for service in ("github", "gitlab"):
            with self.subTest(service=service), tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name)
                origin, programs = folder / "origin", folder / "programs"
                origin.mkdir()
                programs.mkdir()
                git("init", "-q", cwd=origin)
                (origin / "Makefile").write_text("%:\n\t@echo $@ >> $(CALLED)\n", encoding="utf-8")
                git("add", "-A", cwd=origin)
                git("commit", "-qm", "one", cwd=origin)
                (programs / "apt-get").write_text("#!/bin/sh\n", encoding="utf-8")
                (programs / "apt-get").chmod(0o755)
                environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": name, "RUNNER_TEMP": name, "CALLED": str(folder / "called"),
                               "CARBONEDGE_REPOSITORY": origin.as_uri()}
                subprocess.run(["bash", "-eo", "pipefail", "-c", installing_shell(service)], cwd=folder, env=environment, capture_output=True, check=True, timeout=60)
                (target,) = (folder / "called").read_text(encoding="utf-8").split()
                self.assertRegex(makefile, rf"(?m)^{target}: .*build")

    def test_options_are_those_of_the_pages(self):
        for document in DOCUMENTS.iterdir():
            for tool, words in re.findall(r"carbonedge (profile|report) ([^\n|]*)", document.read_text(encoding="utf-8")):
                page = (SOURCE / f"docs/cli/{tool}.md").read_text(encoding="utf-8")
                for option in re.findall(r"--[a-z-]+", words):
                    self.assertIn(f"`{option}", page)

    def test_the_first_gate_file_can_be_used(self):
        text = re.search(r"```ini\n(.*?)```", (DOCUMENTS / "README.md").read_text(encoding="utf-8"), re.DOTALL).group(1)
        with tempfile.TemporaryDirectory() as folder:
            gate = pathlib.Path(folder) / "gate.ini"
            gate.write_text(text, encoding="utf-8")
            result = subprocess.run([REPORT, "--gate", gate, RECORDED / "same.samples.jsonl"], capture_output=True, text=True, check=False, timeout=60)
            self.assertEqual(result.returncode, 0, result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
