"""A change that slows one layer of a network by 5 % is found, named and blamed, as a build would do it: both versions are exported by torch,
measured in turns and judged, by the programs that users run. Where the verdict is open, more rounds are taken and all are judged together.

  seeded_slowdown_test.py FOLDER_OF_PROGRAMS
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import torch
except ImportError:
    print("skipped: python3-torch is not installed")
    sys.exit(77)

PROGRAMS = pathlib.Path(sys.argv[1])
ROWS = 128
WIDTHS = [256, 256, 256]
CLASSES = 1280
MORE_CLASSES = 1344  # 5 % more multiplications in `head`, and in no other layer
MOST_MEASUREMENTS = 5  # of 16 rounds each
GATE = """\
[latency.layer]
limit = 2%
floor = 10us
"""


class Network(torch.nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.stem = torch.nn.Linear(WIDTHS[0], WIDTHS[1])
        self.body = torch.nn.Linear(WIDTHS[1], WIDTHS[2])
        self.head = torch.nn.Linear(WIDTHS[2], classes)

    def forward(self, x):
        return self.head(torch.relu(self.body(torch.relu(self.stem(x)))))


def export(path, classes):
    torch.manual_seed(1)
    torch.jit.save(torch.jit.script(Network(classes).eval()), str(path))


def run(tool, *words):
    command = [str(PROGRAMS / f"carbonedge-{tool}"), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


class SeededSlowdown(unittest.TestCase):
    def test_a_layer_5_percent_slower_is_found_named_and_blamed(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            export(folder / "before.pt", CLASSES)
            export(folder / "after.pt", MORE_CLASSES)
            (folder / "gate.ini").write_text(GATE, encoding="utf-8")
            measured = []
            for attempt in range(MOST_MEASUREMENTS):
                measured.append(folder / f"pair-{attempt}.samples.jsonl")
                done = run("profile", folder / "after.pt", "--against", folder / "before.pt", "--input", f"{ROWS}x{WIDTHS[0]}", "--min-time", "300ms",
                           "--max-time", "300ms", "--seed", attempt, "--quiet", "-o", measured[-1])
                self.assertEqual(done.returncode, 0, done.stderr)
                judged = run("report", "--gate", folder / "gate.ini", *measured, "--format", "json", "--quiet")
                self.assertIn(judged.returncode, (1, 3), f"an open verdict is no pass, and a pass is wrong: {judged.stdout}")
                if judged.returncode == 1:
                    break
            self.assertEqual(judged.returncode, 1, "found with no number of rounds")
            sections = json.loads(judged.stdout)["sections"]
            findings = sections["findings"]["rows"]
            self.assertEqual([row["name"] for row in findings if row["scope"] == "layer" and row["verdict"] == "regression"], ["head"])
            self.assertEqual(sections["blame"]["rows"][0]["name"], "head")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
