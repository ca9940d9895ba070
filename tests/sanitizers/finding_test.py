#!/usr/bin/python3
"""Runs PROGRAM KIND and passes where the sanitizer of this build reports it: TEXT is in what it says, and its exit status is not 0.
With KIND `nothing` it passes where nothing is reported."""

import subprocess
import sys

program, kind, text = sys.argv[1:]
ended = subprocess.run([program, kind], capture_output=True, text=True, timeout=60, check=False)
said = ended.stdout + ended.stderr
# Reports would make ctest take this very test for a failed one.
shown = said.replace("Sanitizer", "S.").replace("runtime error", "r.e.")
if kind == "nothing":
    sys.exit(0 if ended.returncode == 0 and "Sanitizer" not in said else f"status {ended.returncode}\n{shown}")
if ended.returncode == 0:
    sys.exit(f"'{kind}' went unnoticed\n{shown}")
if text not in said:
    sys.exit(f"'{kind}' ended with status {ended.returncode}, but nobody says '{text}'\n{shown}")
