"""Compiles one case twice: as it is, which must fail with the words of its first line, and with -DCONTROL, which must succeed."""

import subprocess
import sys

compiler, root, case = sys.argv[1:]
with open(case, encoding="utf-8") as file:
    first = file.readline()
prefix = "// expect: "
if not first.startswith(prefix):
    sys.exit(f"{case}:1: the first line must be '{prefix}' and a part of the compiler's message")
expected = first[len(prefix) :].strip()


def compile_with(*flags):
    command = [compiler, "-std=c++20", "-fsyntax-only", "-Werror", "-Wconversion", f"-I{root}", *flags, case]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})


control = compile_with("-DCONTROL")
if control.returncode != 0:
    sys.exit(f"{case}: does not compile with -DCONTROL, so it proves nothing:\n{control.stderr}")
mistaken = compile_with()
if mistaken.returncode == 0:
    sys.exit(f"{case}: compiles, and must not")
if expected not in mistaken.stderr.replace("‘", "'").replace("’", "'"):
    sys.exit(f"{case}: fails for another reason than '{expected}':\n{mistaken.stderr}")
