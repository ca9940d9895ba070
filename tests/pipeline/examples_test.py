"""The documents as a stranger reads them: every command in them is typed.

  examples_test.py PROGRAMS SOURCE written     every command line of every document: its program, verb and options are there, and so is every
                                               script, benchmark, make target and option of ours that it names
  examples_test.py PROGRAMS SOURCE PAGE...     the examples of these pages of docs/cli, or all commands of a document named by its path, are run
                                               as typed, one after the other in one folder, on the files below; what is not run is in NOT_RUN
                                               with the reason. MobileNetV2 is a tiny network here, what is recorded of it is its own
"""

import datetime
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAMS, SOURCE = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
PAGES = sys.argv[3:]
GOLDEN = SOURCE / "tests/golden"
MOBILENET = SOURCE / "profiles/mobilenet_v2.free.profile.csv"
THREE_NODES = (SOURCE / "profiles/demo-cluster.ini").read_text(encoding="utf-8").replace("zone = demo-380", "zone = DE")
TINY = GOLDEN / "inputs/tiny.pt"
REPORTS = GOLDEN / "inputs/report"
GATE = GOLDEN / "inputs/gate"
PIPEEDGE = "models.yml device_types.yml devices.yml"

# Where an example names a file that nothing before it has made: what stands there. A text is its content.
FILES = {
    "mobilenet_v2.profile.csv": MOBILENET,
    "resnet50.profile.csv": MOBILENET,
    "green.profile.csv": MOBILENET,
    "m.profile.csv": MOBILENET,
    "three-nodes.ini": THREE_NODES,
    "cluster.ini": THREE_NODES,
    "c.ini": THREE_NODES,
    "rooms-with-series.ini": THREE_NODES.replace("intensity = 380g/kWh", "intensity = series:DE_2023_hourly.csv"),
    "mine.csv": "first,last,node\n0,30,high\n31,63,green\n",
    "layers.csv": "Latency,act_KiB\n10,1\n20,2\n30,3\n",
    "inceptionv3_inference.json": GOLDEN / "plan/dag_diamond/input/diamond.json",
    "resnet50_inference.json": (GOLDEN / "plan/dag_diamond/input/diamond.json").read_text(encoding="utf-8").replace('"supportedOnFpga": 0', '"supportedOnFpga": 1'),
    "vgg16/graph.txt": GOLDEN / "plan/imports_a_pipedream_graph/input/graph.txt",
    "whole.run.jsonl": (REPORTS / "monolithic.run.jsonl").read_text(encoding="utf-8").replace('"monolithic"', '"monolithic-medium"'),
    "green.run.jsonl": REPORTS / "green.run.jsonl",
    "fast.run.jsonl": REPORTS / "split.run.jsonl",
    "m.plan.json": REPORTS / "green.plan.json",
    "gate.ini": GATE / "gate.ini",
    "pair.samples.jsonl": GATE / "same.samples.jsonl",
    "main-1.samples.jsonl": GATE / "main.samples.jsonl",
    "main-2.samples.jsonl": GATE / "main.samples.jsonl",
    "new.samples.jsonl": GATE / "main.samples.jsonl",
    "main-1.json": GOLDEN / "inputs/benchmarks/hyperfine_before.json",
    "new-1.json": GOLDEN / "inputs/benchmarks/hyperfine_before.json",
    "mobilenet_v2.pt": TINY,
    "model.pt": TINY,
    "old.pt": TINY,
    "new.pt": TINY,
    "m.pt": TINY,
    "night.log": "RAM 1/2MB (lfb 1x1MB) CPU [1%@102] VDD_IN 2532/2698 VDD_CPU 76/178 VDD_GPU 19/19\n" * 4,
    "AzureLLMInferenceTrace_conv.csv": "TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join(f"2023-11-16 18:15:{s:02}.5,1,1\n" for s in range(40)),
}
MIN_CARBON = "carbonedge plan mobilenet_v2.profile.csv --cluster three-nodes.ini --slo 60ms --quiet -o min-carbon.plan.json"
PIPEEDGE_FILES = f"cp {GOLDEN}/inputs/pipeedge/*.yml ."
TINY_PLAN = ("carbonedge profile mobilenet_v2.pt --input 1x3x224x224 --max-time 300ms --min-time 50ms --check-cuts none --quiet -o tiny.csv && "
             "carbonedge plan tiny.csv --cluster three-nodes.ini --pin body=green --pin head=high --quiet -o green.plan.json")
STAND_IN_EXPORT = "echo 'import shutil, sys; shutil.copyfile(\"mobilenet_v2.pt\", sys.argv[3] + \"/mobilenet_v2.pt\")' > models/export.py"
# What a page's examples take for granted, as commands.
BEFORE = {
    "carbonedge": ["rm m.profile.csv"],
    "profile": ["rm mobilenet_v2.profile.csv"],
    "README.md": [f"mkdir build models && ln -s {PROGRAMS} build/bin && cp -r {SOURCE}/profiles .", STAND_IN_EXPORT],
    "docs/pictures.md": [f"rm *.plan.json && cp -r {SOURCE}/profiles ."],
    "plan-evaluate": [MIN_CARBON],
    "plan-explain": [MIN_CARBON],
    "plan-update": [MIN_CARBON],
    "plan-export": ["cp m.plan.json green.plan.json", PIPEEDGE_FILES,
                    f"carbonedge plan import --from pipeedge {' '.join(f'--{word} {file}' for word, file in zip(('models', 'device-types', 'devices'), PIPEEDGE.split()))} "
                    "--model tiny --quiet -o vit-base && cp vit-base/board.profile.csv vit-base/Minnowboard-E3845.profile.csv",
                    "carbonedge plan vit-base/board.profile.csv --cluster vit-base/cluster.ini --minimize bottleneck --quiet -o vit-base.plan.json"],
    "plan-import": [PIPEEDGE_FILES, "sed -i 's|^tiny:|google/vit-base-patch16-224:|' models.yml", "sed -i 's|^board|Minnowboard-E3845|; s|tiny:|google/vit-base-patch16-224:|' device_types.yml",
                    "sed -i 's|^board|Minnowboard-E3845|' devices.yml"],
    "partition": ["rm mobilenet_v2.profile.csv && carbonedge profile mobilenet_v2.pt --input 1x3x224x224 --max-time 300ms --min-time 50ms --check-cuts none --quiet -o mobilenet_v2.profile.csv"],
    "run": ["rm *.run.jsonl", TINY_PLAN],
    "stage": [TINY_PLAN, "carbonedge partition tiny.csv --stages 2 --quiet -o mobilenet_v2.partition.json"],
    "report": ["git init -q . && git -c user.name=t -c user.email=t@example.org commit -q --allow-empty -m one", "export GITHUB_STEP_SUMMARY=summary.md"],
}
# Other statuses than 0 that are right: the tool's page says when.
STATUS = [
    (r"--meters", {0, 3}),  # 3: this machine has no sensor
    (r"--gate gate.ini new", {0, 3}),  # 3: a few recorded rounds do not decide
]
# Not run, and why. The reason says what does hold the line, if anything.
NOT_RUN = [
    (r"--cuts 20,41|run mobile.plan.json", "needs MobileNetV2 itself: pipeline.families, pipeline.run"),
    (r"--engine (docker|swarm|attached)|docker node", "needs containers or other hosts: tests/docker, pipeline.attached"),
    (r"--live|--service", "asks a service of others: pipeline.live_run, pipeline.live_intensity"),
    (r"--serve|-node .*--(listen|control)|-probe ", "serves until it is stopped: pipeline.serving"),
    (r"--answer|--to tls:", "needs two hosts"),
    (r"--meter rapl", "needs a RAPL that can be read; the row of --meters says so"),
    (r"encoder\.pt", "needs another network: pipeline.families"),
    (r"^sched-pipeline|\bgnuplot\b|\bnpx\b", "a program of others"),
    (r"--rate 10/s --requests 600|--rate 20/s -o", "takes half a minute and more: pipeline.run"),
    (r"--requests 1000|--trace-speed|--rounds 5|--against old", "takes half a minute: pipeline.run, gate.seeded_slowdown"),
    (r"--check-cuts all", "takes a minute"),
    (r"profile transport$|--path (shm|tls)", "takes half a minute: runtime_tests, pipeline.transport"),
    (r"-o calibrated.ini", "takes a quarter of a minute; the README's is run"),
    (r"^make ", "builds: what CI does"),
    (r"--format svg", "needs the plot library: pipeline.report_page"),
]
NEEDS = {"jq": "jq", "openssl": "openssl"}


def series(hours):
    """Intensities of every hour from 2023 until after today, in Electricity Maps' first format."""
    start = datetime.datetime(2023, 1, 1)
    head = ("Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO₂eq/kWh (direct),Carbon Intensity gCO₂eq/kWh (LCA),"
            "Low Carbon Percentage,Renewable Percentage,Data Source,Data Estimated,Data Estimation Method\n")
    rows = (f"{start + datetime.timedelta(hours=h):%Y-%m-%d %H:%M:%S},Germany,Germany,DE,{300 + h % 24},{350 + 5 * (h % 24)},50,40,made up,false,\n" for h in range(hours))
    return head + "".join(rows)


def documents():
    listed = subprocess.run(["git", "-C", SOURCE, "ls-files", "*.md"], capture_output=True, text=True, check=False).stdout.split()
    pages = [SOURCE / name for name in listed] or [page for page in SOURCE.rglob("*.md") if "build" not in page.relative_to(SOURCE).parts]
    return [page for page in pages if page.exists() and page.name != "CHANGELOG.md"]


def blocks(text):
    """The code of a document: fenced as shell or without a language, and indented."""
    fenced = re.findall(r"^```(?:sh|bash|console)?\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    bare = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    indented = re.findall(r"(?:^|\n\n)((?: {4}[^\n]*(?:\n|$))+)", bare)
    return fenced + ["".join(line[4:] + "\n" for line in block.splitlines()) for block in indented]


def commands(block):
    return [line.strip() for line in block.replace("\\\n", " ").splitlines() if line.strip()]


def examples(page):
    if page.endswith(".md"):
        return [line for block in blocks((SOURCE / page).read_text(encoding="utf-8")) for line in commands(block)]
    text = (SOURCE / f"docs/cli/{page}.md").read_text(encoding="utf-8")
    return [line for block in blocks(text[text.index("## EXAMPLES"):text.index("## DIAGNOSTICS")]) for line in commands(block)]


HELP = {}


def help_of(*words):
    if words not in HELP:
        done = subprocess.run([PROGRAMS / words[0], *words[1:], "-h"], capture_output=True, text=True, check=False)
        HELP[words] = done.stdout if done.returncode == 0 else ""
    return HELP[words]


def options_in(text):
    return set(re.findall(r"(?<![\w-])(--?[a-zA-Z][\w-]*)", text))


def wrong_in(line):
    """What a command line names that is not there."""
    problems = []
    line = re.sub(r"\s#.*", "", re.sub(r"\$\([^)]*\)|'[^']*'", "X", line))
    for part in re.split(r"\|\||&&|[|;]", line):
        words = [word for word in re.split(r"[\s'\"()]+", part) if word]
        while words and (re.fullmatch(r"\w+=.*", words[0]) or words[0] in ("do", "for", "sudo", "!")):
            words.pop(0)
        if not words:
            continue
        first, rest = words[0], words[1:]
        if first == "make" and rest and rest[0] not in ("-f",):
            text = (SOURCE / "Makefile").read_text(encoding="utf-8")
            problems += [f"make has no target {word}" for word in rest if re.fullmatch(r"[a-z-]+", word) and not re.search(rf"^{word}:", text, re.MULTILINE)]
        elif first == "make" and rest[:2] == ["-f", "Makefile.docker"]:
            text = (SOURCE / "Makefile.docker").read_text(encoding="utf-8")
            problems += [f"Makefile.docker has no target {word}" for word in rest[2:] if re.fullmatch(r"[a-z-]+", word) and not re.search(rf"^{word}:", text, re.MULTILINE)]
        elif re.match(r"(scripts|benchmarks|models)/", first):
            problems += [] if (SOURCE / first).exists() else [f"there is no {first}"]
        elif re.fullmatch(r"carbonedge(-[a-z]+)?", first):
            program = first
            if first == "carbonedge":
                if not rest or rest[0] in ("help", "-h", "--help", "--version", "...") or not re.fullmatch(r"[a-z]+", rest[0]):
                    continue
                program, rest = f"carbonedge-{rest[0]}", rest[1:]
            if not (PROGRAMS / program).exists():
                problems.append(f"there is no program {program}")
                continue
            known = options_in(help_of(program))
            if rest and rest[0].isalpha() and re.search(rf"^  {rest[0]} ", help_of(program), re.MULTILINE):
                known = options_in(help_of(program, rest[0])) | {"--help"}
            problems += [f"{program} has no option {word}" for word in options_in(" " + " ".join(rest)) if word not in known]
    return problems


def check_written():
    wrong, checked = [], 0
    for page in documents():
        text = page.read_text(encoding="utf-8")
        spans = [span for span in re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)) if re.match(r"(carbonedge|make|scripts/|benchmarks/)\S* \S", span)]
        for line in [line for block in blocks(text) for line in commands(block)] + spans:
            checked += 1
            wrong += [f"{page.relative_to(SOURCE)}: {line}\n    {problem}" for problem in wrong_in(line)]
    print("\n".join(wrong))
    print(f"{checked} command lines, {len(wrong)} wrong")
    return 1 if wrong or checked < 300 else 0


def prepare(folder):
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            shutil.copyfile(content, path)
    hours = int((datetime.datetime.utcnow() - datetime.datetime(2023, 1, 1)).total_seconds() // 3600) + 48
    (folder / "DE_2023_hourly.csv").write_text(series(hours), encoding="utf-8")
    head = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 8, 8), }"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    (folder / "photo.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode() + bytes(4 * 192))


def run_page(page):
    """How many examples ran; prints what went wrong and what was left out."""
    ran, failed = 0, 0
    with tempfile.TemporaryDirectory(prefix="carbonedge-examples-") as name:
        folder = pathlib.Path(name)
        prepare(folder)
        environment = {"PATH": f"{PROGRAMS}:/usr/local/bin:/usr/bin:/bin", "HOME": name, "LC_ALL": "C.UTF-8", "GITHUB_STEP_SUMMARY": "summary.md"}
        for line in BEFORE.get(page, []):
            subprocess.run(["bash", "-eo", "pipefail", "-c", line], cwd=folder, env=environment, check=True, timeout=120, stdin=subprocess.DEVNULL)
        for line in examples(page):
            reason = next((reason for pattern, reason in NOT_RUN if re.search(pattern, line)), None)
            missing = next((tool for tool in NEEDS if re.search(rf"(^|\| ){tool} ", line) and not shutil.which(tool)), None)
            if reason or missing:
                print(f"{page}: not run ({reason or missing + ' is not installed'}): {line}")
                continue
            done = subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300, stdin=subprocess.DEVNULL)
            ran += 1
            right = next((statuses for pattern, statuses in STATUS if re.search(pattern, line)), {0})
            if done.returncode not in right or "error:" in done.stderr:
                failed += 1
                print(f"{page}: status {done.returncode}: {line}\n{done.stdout[-600:]}{done.stderr[-1200:]}")
    print(f"{page}: {ran} examples run, {failed} failed")
    return ran, failed


def main():
    if PAGES == ["written"]:
        return check_written()
    results = [run_page(page) for page in PAGES]
    return 1 if any(failed for _, failed in results) or not sum(ran for ran, _ in results) else 0


sys.exit(main())
