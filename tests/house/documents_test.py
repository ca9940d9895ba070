"""Every relative link in the documents leads to a file, and every page of docs/ is reached from its index."""

import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard", "*.md"], capture_output=True, text=True, check=False).stdout.split()
pages = [root / name for name in listed] or [page for page in root.rglob("*.md") if "build" not in page.relative_to(root).parts]
problems, links = [], 0
for page in pages:
    if not page.exists():
        continue
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target) or target.startswith("#"):
            continue
        links += 1
        if not (page.parent / target.split("#")[0]).exists():
            problems.append(f"{page.relative_to(root)}: the link to {target} leads nowhere")
index = (root / "docs/README.md").read_text(encoding="utf-8")
for page in sorted((root / "docs").glob("*.md")):
    if page.name != "README.md" and f"({page.name})" not in index:
        problems.append(f"docs/README.md: does not name {page.name}")
print("\n".join(problems))
sys.exit(1 if problems or links == 0 else 0)
