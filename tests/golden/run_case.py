"""Runs one golden case and compares what it did with what its folder says. See CONTRIBUTING.md, "A golden case".

A case is a folder with
  cmd                a bash command line, run in a fresh copy of input/ with the programs in PATH and the source tree in $SOURCE
  input/             files it reads (optional)
  stdout.*, stderr.* what it prints: .exact byte for byte; .glob line by line, where `*` stands for anything within a line and a line
                     `...` for any number of lines; .json as data, numbers within 1e-9 relative or what `tolerance` says;
                     .jsonl the same for each line. Default: nothing.
  output/NAME.*      files it writes, compared in the same way (NAME.exact, NAME.glob, NAME.json, NAME.jsonl)
  exit               its exit status. Default: 0.
@VERSION@ in an expectation stands for the version of the toolkit, "@ANY@" in JSON for any value.
GOLDEN_UPDATE=1 rewrites what differs (a .glob is left to its author).
"""

import argparse
import difflib
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import schemas

KINDS = ("exact", "glob", "json", "jsonl")
KEPT_VARIABLES = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS", "CARBONEDGE_SHARED_DATA", "HOME")
TIME_LIMIT_SECONDS = 120
SOURCE = pathlib.Path(__file__).resolve().parents[2]


class Mismatch(Exception):
    pass


def glob_to_pattern(line):
    return "".join(".*" if part == "*" else re.escape(part) for part in re.split(r"(\*)", line))


def compare_glob(expected, actual):
    pattern = ""
    for line in expected.splitlines():
        pattern += "(?:[^\n]*\n)*?" if line == "..." else glob_to_pattern(line).replace(".*", "[^\n]*") + "\n"
    if re.fullmatch(pattern, actual if actual.endswith("\n") or not actual else actual + "\n") is None:
        raise Mismatch(line_difference(expected, actual))


def line_difference(expected, actual):
    return "\n".join(difflib.unified_diff(expected.splitlines(), actual.splitlines(), "expected", "actual", lineterm=""))


def compare_values(expected, actual, tolerance, where):
    if expected == "@ANY@":
        return
    if isinstance(expected, dict) and isinstance(actual, dict):
        if list(expected) != list(actual):
            raise Mismatch(f"{where}: keys {list(actual)}, expected {list(expected)}")
        for key, value in expected.items():
            compare_values(value, actual[key], tolerance, f"{where}.{key}")
    elif isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            raise Mismatch(f"{where}: {len(actual)} elements, expected {len(expected)}")
        for i, value in enumerate(expected):
            compare_values(value, actual[i], tolerance, f"{where}[{i}]")
    elif isinstance(expected, (int, float)) and isinstance(actual, (int, float)) and not isinstance(expected, bool) and not isinstance(actual, bool):
        if not math.isclose(expected, actual, rel_tol=tolerance, abs_tol=0.0):
            raise Mismatch(f"{where}: {actual}, expected {expected} within {tolerance} relative")
    elif type(expected) is not type(actual) or expected != actual:
        raise Mismatch(f"{where}: {json.dumps(actual)}, expected {json.dumps(expected)}")


def parse_json(text, what):
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Mismatch(f"{what} is no JSON: {error}") from error


def compare(kind, expected, actual, tolerance):
    if kind == "exact":
        if expected != actual:
            raise Mismatch(line_difference(expected, actual) or f"actual {actual!r}, expected {expected!r}")
    elif kind == "glob":
        compare_glob(expected, actual)
    elif kind == "json":
        compare_values(parse_json(expected, "the expectation"), parse_json(actual, "the output"), tolerance, "$")
    else:
        expected_lines, actual_lines = expected.splitlines(), actual.splitlines()
        if len(expected_lines) != len(actual_lines):
            raise Mismatch(f"{len(actual_lines)} lines, expected {len(expected_lines)}\n" + line_difference(expected, actual))
        for i, line in enumerate(expected_lines):
            compare_values(parse_json(line, "the expectation"), parse_json(actual_lines[i], "the output"), tolerance, f"line {i + 1} $")


class Case:
    def __init__(self, folder, version):
        self.folder = folder
        self.version = version
        self.update = os.environ.get("GOLDEN_UPDATE") == "1"
        self.failures = []
        file = folder / "tolerance"
        self.tolerance = float(file.read_text()) if file.exists() else 1e-9

    def expectation(self, stem):
        found = [stem.parent / f"{stem.name}.{kind}" for kind in KINDS if (stem.parent / f"{stem.name}.{kind}").exists()]
        if len(found) > 1:
            raise Mismatch(f"two expectations: {', '.join(file.name for file in found)}")
        return found[0] if found else None

    def hold(self, stem, actual, required=False):
        """Compares `actual` with the expectation stem.*, which where absent is: nothing. What claims a schema of ours has to keep it (but where `shows_part` stands)."""
        if schemas.claimed(actual) and schemas.has_validator() and not (self.folder / "shows_part").exists():
            self.failures += [f"--- {stem.name} ---\n{problem}" for problem in schemas.check(actual)]
        try:
            file = self.expectation(stem)
            kind = file.suffix[1:] if file else "exact"
            expected = file.read_text(encoding="utf-8").replace("@VERSION@", self.version) if file else ""
            if file is None and required:
                raise Mismatch("no expectation for this file")
            compare(kind, expected, actual, self.tolerance)
        except Mismatch as mismatch:
            if self.update and (file is None or file.suffix != ".glob"):
                target = file or stem.parent / f"{stem.name}.exact"
                target.parent.mkdir(exist_ok=True)
                target.write_text(actual.replace(self.version, "@VERSION@"), encoding="utf-8")
                print(f"updated {target}")
            else:
                self.failures.append(f"--- {stem.name} ---\n{mismatch}")

    def run(self, programs):
        with tempfile.TemporaryDirectory(prefix="carbonedge-golden-") as scratch:
            work = pathlib.Path(scratch) / "work"
            if (self.folder / "input").is_dir():
                shutil.copytree(self.folder / "input", work)
            else:
                work.mkdir()
            before = {path: path.read_bytes() for path in work.rglob("*") if path.is_file()}
            environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
            environment |= {"PATH": f"{programs}:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "TMPDIR": scratch, "SOURCE": str(SOURCE)}
            result = subprocess.run(
                ["bash", "-o", "pipefail", "-c", (self.folder / "cmd").read_text(encoding="utf-8")],
                cwd=work, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIME_LIMIT_SECONDS, check=False,
            )
            self.hold(self.folder / "stdout", result.stdout.decode("utf-8", "replace"))
            self.hold(self.folder / "stderr", result.stderr.decode("utf-8", "replace"))
            self.hold_status(result.returncode)
            self.hold_written_files(work, before)
        return self.failures

    def hold_status(self, actual):
        file = self.folder / "exit"
        expected = int(file.read_text()) if file.exists() else 0
        if actual == expected:
            return
        if self.update:
            if actual == 0:
                file.unlink()
            else:
                file.write_text(f"{actual}\n")
            print(f"updated {file}")
        else:
            self.failures.append(f"--- exit status ---\n{actual}, expected {expected}")

    def hold_written_files(self, work, before):
        """Every file that appears or changes must be expected, and every expected one must be there."""
        seen = set()
        for path in sorted(work.rglob("*")):
            if path.is_file() and before.get(path) != path.read_bytes():
                name = path.relative_to(work)
                seen.add(str(name))
                self.hold(self.folder / "output" / name, path.read_text(encoding="utf-8", errors="replace"), required=True)
        expected = self.folder / "output"
        for file in sorted(expected.rglob("*")) if expected.is_dir() else []:
            if file.is_file() and str(file.relative_to(expected).with_suffix("")) not in seen:
                self.failures.append(f"--- {file.name} ---\nthe file was not written")
        for path in before:
            if not path.exists():
                self.failures.append(f"--- {path.name} ---\nthe input was removed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", required=True, help="folder of the programs")
    parser.add_argument("--version", required=True, help="version of the toolkit")
    parser.add_argument("case", type=pathlib.Path)
    arguments = parser.parse_args()
    failures = Case(arguments.case, arguments.version).run(arguments.programs)
    if failures:
        print(f"{arguments.case}:\n$ {(arguments.case / 'cmd').read_text()}")
        print("\n".join(failures))
        print("(GOLDEN_UPDATE=1 rewrites the expectations; read the difference before you commit it)")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
