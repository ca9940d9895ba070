"""The pipes of docs/pipes.md, run as typed on recorded files, print what stands below them. `--write` rewrites what stands there.

  pipes_test.py PROGRAMS SOURCE TOOL [--write]      those that need TOOL (awk, jq or mlr)
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAMS, SOURCE, TOOL = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
PAGE = SOURCE / "docs/pipes.md"
TOOLS = {"awk", "jq", "mlr"}
INPUTS = SOURCE / "tests/golden/inputs"
FILES = {
    "tiny.pt": "tiny.pt",
    "net.profile.csv": "invented.profile.csv",
    "cluster.ini": "cluster.ini",
    "green.run.jsonl": "report/green.run.jsonl",
    "monolithic.run.jsonl": "report/monolithic.run.jsonl",
    "gate.ini": "gate/gate.ini",
    "pair.samples.jsonl": "gate/slower.samples.jsonl",
}
PATTERN = re.compile(r"```sh\n(.*?)```\n\n(?:```text\n(.*?)```|@@)", re.DOTALL)
FRONT = '#!/bin/sh\ntool=$1\nshift\nexec "{programs}/carbonedge-$tool" "$@"\n'


def needed(script):
    return {tool for tool in TOOLS if re.search(rf"(^|\|\s*){tool} ", script, re.MULTILINE)}


def run(script):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for file, recorded in FILES.items():
            shutil.copyfile(INPUTS / recorded, folder / file)
        front = folder / "bin" / "carbonedge"
        front.parent.mkdir()
        front.write_text(FRONT.format(programs=PROGRAMS), encoding="utf-8")
        front.chmod(0o755)
        environment = {"PATH": f"{front.parent}:/usr/bin:/bin", "LC_ALL": "C"}
        return subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)


def main():
    text = PAGE.read_text(encoding="utf-8")
    if "--write" in sys.argv:
        PAGE.write_text(PATTERN.sub(lambda found: f"```sh\n{found[1]}```\n\n```text\n{run(found[1]).stdout}```", text), encoding="utf-8")
        return 0
    if shutil.which(TOOL, path="/usr/bin:/bin") is None:
        print(f"skipped: {TOOL} is not installed")
        return 77
    blocks = PATTERN.findall(text)
    if len(blocks) != text.count("```sh") or "@@" in text:
        print("docs/pipes.md: a pipe has no output below it")
        return 1
    held = 0
    for script, expected in blocks:
        tools = needed(script)
        if TOOL not in tools:
            continue
        missing = [tool for tool in tools if shutil.which(tool, path="/usr/bin:/bin") is None]
        if missing:
            print(f"skipped: {', '.join(missing)} is not installed")
            return 77
        result = run(script)
        if result.stdout != expected or result.stderr != "":
            print(f"{script}--- expected\n{expected}--- printed\n{result.stdout}{result.stderr}")
            return 1
        held += 1
    print(f"{held} pipes with {TOOL}")
    return 0 if held > 0 else 1


sys.exit(main())
