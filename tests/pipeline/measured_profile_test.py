"""A profile measured through a live powercap tree whose truth is known: 10 W at rest, 20 W more for every CPU second of the profiler.

The joules of an inference must then be 20 W times its CPU time. The bounds leave room for a machine that is busy otherwise.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys

IDLE_WATTS = 10
BUSY_WATTS = 20
SOURCE = pathlib.Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--live", required=True)
    parser.add_argument("--profile", required=True)
    arguments = parser.parse_args()
    words = [arguments.live, str(IDLE_WATTS), str(BUSY_WATTS), arguments.profile, str(SOURCE / "tests/golden/inputs/tiny.pt")]
    words += "--input 1x3x16x16 --min-time 1ms --max-time 50ms --pairs 6 --check-cuts 1 --no-pin --quiet".split()
    words += "--meter rapl --sysfs-root {sys} --energy-time 3s --energy-uncertainty 0.05".split()
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    if done.returncode != 0 or done.stderr:
        print(f"status {done.returncode}: {done.stderr}")
        return 1
    lines = done.stdout.splitlines()
    header = {}
    for line in lines:
        if line.startswith("# "):
            key, value = line[2:].split(": ", 1)
            header[key] = json.loads(value)
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    joules = sum(float(row["energy_joules"]) for row in rows)
    truth = BUSY_WATTS * header["whole_cpu_mean_ns"] * 1e-9
    idle = float(header["environment"]["energy-idle-before"].rstrip("W"))
    print(f"{joules * 1e6:.1f} uJ an inference, {truth * 1e6:.1f} uJ in truth; idle {idle:.2f} W, {IDLE_WATTS} W in truth")
    failures = []
    if not header["meter"].startswith("rapl-powercap (package net of idle; windows of "):
        failures.append(f"meter: {header['meter']}")
    if not all(row["energy_provenance"] == "measured" for row in rows):
        failures.append("not all rows are measured")
    if not 0.5 * truth < joules < 2 * truth:
        failures.append("joules are off")
    if not 0.8 * IDLE_WATTS < idle < 2 * IDLE_WATTS:
        failures.append("idle power is off")
    whole = float(header["environment"]["energy-whole-net"].rstrip("J"))
    if abs(joules / whole - 1) > 1e-6:
        failures.append("the rows do not add up to the whole")
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
