"""Every package that scripts/install_deps installs has its reason in the decision note, and none is explained that is not installed."""

import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
installed = set(subprocess.run([root / "scripts/install_deps", "--list"], capture_output=True, text=True, check=True).stdout.split())
note = (root / "docs/decisions/0005-dependencies.md").read_text(encoding="utf-8")
explained = set()
for row in re.findall(r"^\| (.*?) \|", note, re.MULTILINE):
    explained |= set(re.findall(r"`([^`]+)`", row))

for package in sorted(installed - explained):
    print(f"{package} is installed, but docs/decisions/0005-dependencies.md does not say why")
for package in sorted(explained - installed):
    print(f"{package} is explained in docs/decisions/0005-dependencies.md, but scripts/install_deps does not install it")
sys.exit(0 if installed == explained and installed else 1)
