"""The gate's numbers for services that keep them over time have the shape that those document, and are those of the CSV; the lines of
docs/ci/README.md that write them work as typed.

  gate_benchmarks_test.py CARBONEDGE_REPORT SOURCE
"""

import csv
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

REPORT, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2])
INPUTS = SOURCE / "tests/golden/inputs/gate"
CASES = [
    ["--gate", "gate.ini", "slower.samples.jsonl"],
    ["--baseline", "../report/monolithic.run.jsonl", "--gate", "plans.ini", "../report/green.run.jsonl"],
    ["--baseline", "../report/green.plan.json", "--gate", "plans.ini", "../report/split.plan.json"],
]
UNITS = {"latency": "time_ns", "bottleneck": "time_ns", "energy": "energy_joules", "carbon": "carbon_gco2e", "sci": "carbon_gco2e", "bytes": "size_bytes"}


def gate(words, kind):
    return subprocess.run([REPORT, *words, "--format", kind], cwd=INPUTS, capture_output=True, text=True, check=False, timeout=60).stdout


def expected(words):
    """(scope, name, metric) -> value, from the table of findings."""
    rows = csv.DictReader(gate(words, "csv").splitlines())
    return {(row["scope"], row["name"], row["metric"]): float(row[f"current_{UNITS[row['metric']]}"]) for row in rows}


class GateBenchmarks(unittest.TestCase):
    def test_github_action_benchmark(self):
        for words in CASES:
            with self.subTest(words=words):
                found = json.loads(gate(words, "github-benchmark"))
                for one in found:
                    self.assertEqual(set(one), {"name", "unit", "value", "extra"})
                    self.assertTrue(all(isinstance(one[key], str) and one[key] for key in ("name", "unit", "extra")))
                    self.assertIsInstance(one["value"], (int, float))
                wanted = {f"{metric} of {scope} {name}" if name else metric: value for (scope, name, metric), value in expected(words).items()}
                self.assert_close({one["name"]: one["value"] for one in found}, wanted)
                self.assertEqual(len(found), len(wanted))

    def test_bencher(self):
        for words in CASES:
            with self.subTest(words=words):
                found = {}
                bounded = 0
                for benchmark, measures in json.loads(gate(words, "bencher")).items():
                    for measure, metric in measures.items():
                        if set(metric) != {"value"}:
                            self.assertEqual(set(metric), {"value", "lower_value", "upper_value"})
                            self.assertLess(metric["lower_value"], metric["upper_value"])
                            bounded += 1
                        self.assertRegex(measure, r"^[a-z0-9_-]+$")
                        found[benchmark, measure] = metric["value"]
                self.assertEqual(bounded > 0, not any("plan.json" in word for word in words), "what is predicted has no interval")
                wanted = {(f"{scope} {name}".strip(), metric): value for (scope, name, metric), value in expected(words).items()}
                self.assert_close(found, wanted)

    def assert_close(self, found, wanted):
        self.assertEqual(set(found), set(wanted))
        self.assertGreater(len(found), 0)
        for key, value in wanted.items():
            self.assertAlmostEqual(found[key], value, delta=0.6 + 1e-9 * value if value > 1 else 1e-12)  # CSV has whole nanoseconds

    def test_what_cannot_be_compared_has_no_value(self):
        words = ["--baseline", "main.profile.csv", "--gate", "gate.ini", "../report/green.plan.json"]
        self.assertEqual(json.loads(gate(words, "github-benchmark")), [])
        self.assertEqual(json.loads(gate(words, "bencher")), {})

    def test_documented_lines(self):
        text = (SOURCE / "docs/ci/README.md").read_text(encoding="utf-8")
        lines = re.findall(r"^    (carbonedge report .*--format (?:github-benchmark|bencher).*)$", text, re.MULTILINE)
        self.assertEqual(len(lines), 2)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            (path / "carbonedge").write_text(f'#!/bin/sh\nshift\nexec "{REPORT}" "$@"\n', encoding="utf-8")
            (path / "carbonedge").chmod(0o755)
            (path / "gate.ini").write_bytes((INPUTS / "gate.ini").read_bytes())
            (path / "pair.samples.jsonl").write_bytes((INPUTS / "slower.samples.jsonl").read_bytes())
            script = "\n".join(lines)
            subprocess.run(["bash", "-e", "-c", script], cwd=path, env={"PATH": f"{path}:/usr/bin:/bin"}, check=True, capture_output=True, timeout=60)
            self.assertEqual(json.loads((path / "benchmark.json").read_text())[0]["name"], "latency")
            self.assertIn("latency", json.loads((path / "bencher.json").read_text())["total"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
