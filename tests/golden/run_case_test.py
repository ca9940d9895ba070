"""The golden runner must notice every kind of difference, and rewrite only when asked."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

RUNNER = sys.argv.pop()


def write_case(folder, files):
    for name, text in files.items():
        path = pathlib.Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run(folder, **variables):
    command = [sys.executable, RUNNER, "--programs", "/nonexistent", "--version", "1.2.3", folder]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **variables})


PASS = [
    {"cmd": "true"},
    {"cmd": "echo a; echo b >&2; exit 3", "stdout.exact": "a\n", "stderr.exact": "b\n", "exit": "3\n"},
    {"cmd": "echo tool 1.2.3", "stdout.exact": "tool @VERSION@\n"},
    {"cmd": "printf 'a\\nb\\nc 12 ms\\nd\\n'", "stdout.glob": "a\n...\nc * ms\nd\n"},
    {"cmd": "echo a", "stdout.glob": "...\na\n...\n"},
    {"cmd": "echo 'a[b].c'", "stdout.glob": "a[b].*\n"},
    {"cmd": "echo '{\"a\": [1.0000000001, true], \"b\": \"x\"}'", "stdout.json": '{"a": [1, true], "b": "@ANY@"}'},
    {"cmd": "echo '{\"a\": 1.01}'", "stdout.json": '{"a": 1}', "tolerance": "0.02"},
    {"cmd": "printf '{\"a\":1}\\n{\"b\":2}\\n'", "stdout.jsonl": '{"a": 1}\n{"b": 2}\n'},
    {"cmd": "cat in", "input/in": "text\n", "stdout.exact": "text\n"},
    {"cmd": "cp in out", "input/in": "text\n", "output/out.exact": "text\n"},
]

FAIL = [
    {"cmd": "echo a"},
    {"cmd": "echo a >&2"},
    {"cmd": "exit 1"},
    {"cmd": "true", "exit": "1\n"},
    {"cmd": "false | true"},
    {"cmd": "printf a", "stdout.exact": "a\n"},
    {"cmd": "echo a", "stdout.glob": "b*\n"},
    {"cmd": "printf 'a\\nb\\n'", "stdout.glob": "a\n"},
    {"cmd": "printf 'a\\nb\\n'", "stdout.glob": "a*\n"},
    {"cmd": "echo axc", "stdout.glob": "a.c\n"},
    {"cmd": "echo '{\"a\": 1.01}'", "stdout.json": '{"a": 1}'},
    {"cmd": "echo '{\"a\": true}'", "stdout.json": '{"a": 1}'},
    {"cmd": "echo '{\"b\": 1, \"a\": 1}'", "stdout.json": '{"a": 1, "b": 1}'},
    {"cmd": "echo '{\"a\": 1, \"b\": 1}'", "stdout.json": '{"a": 1}'},
    {"cmd": "echo '[1, 2]'", "stdout.json": "[1]"},
    {"cmd": "echo '0'", "stdout.json": "1e-300"},
    {"cmd": "echo 'x'", "stdout.json": "1"},
    {"cmd": "printf '{\"a\":1}\\n'", "stdout.jsonl": '{"a": 1}\n{"b": 2}\n'},
    {"cmd": "cp in out", "input/in": "text\n"},
    {"cmd": "true", "output/out.exact": "text\n"},
    {"cmd": "echo more >> in", "input/in": "text\n"},
    {"cmd": "rm in", "input/in": "text\n"},
    {"cmd": "echo a", "stdout.exact": "a\n", "stdout.glob": "*\n"},
]


class Runner(unittest.TestCase):
    def test_what_is_as_expected_passes(self):
        for files in PASS:
            with self.subTest(files), tempfile.TemporaryDirectory() as folder:
                write_case(folder, files)
                result = run(folder, GOLDEN_UPDATE="0")
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_every_difference_fails(self):
        for files in FAIL:
            with self.subTest(files), tempfile.TemporaryDirectory() as folder:
                write_case(folder, files)
                result = run(folder, GOLDEN_UPDATE="0")
                self.assertEqual(result.returncode, 1, result.stdout + result.stderr)

    def test_update_rewrites_and_then_passes(self):
        with tempfile.TemporaryDirectory() as folder:
            write_case(folder, {"cmd": "echo tool 1.2.3; echo x > out; exit 3", "stdout.exact": "old\n"})
            self.assertEqual(run(folder, GOLDEN_UPDATE="1").returncode, 0)
            self.assertEqual((pathlib.Path(folder) / "stdout.exact").read_text(), "tool @VERSION@\n")
            self.assertEqual((pathlib.Path(folder) / "output/out.exact").read_text(), "x\n")
            self.assertEqual((pathlib.Path(folder) / "exit").read_text(), "3\n")
            self.assertEqual(run(folder, GOLDEN_UPDATE="0").returncode, 0)


if __name__ == "__main__":
    unittest.main()
