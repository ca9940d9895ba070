"""What every tool must do alike. One row a tool; tests/golden/CMakeLists.txt registers a test for each convention a row has data for.

  conventions.py --list TOOL                                        names of the conventions that hold for it
  conventions.py --programs DIR --version V TOOL CONVENTION         checks one
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
TIME_LIMIT_SECONDS = 60

# `reads`: a command line whose {file} is replaced by a file that is missing, or that is no such file; the other words must be right,
# with files of tests/golden/inputs as {inputs}/NAME. `writes`: a whole right command line, to which -o is added. `refuses`: where the work
# takes long, a command line whose inputs need not be there: an existing output is refused before they are opened.
# `over_itself`: a command line whose {file} is a copy of the file named before it, which is then given as the output too. `ineffective`: command
# lines and the option that would be ignored there. `values`: an option that takes one value, and a flag.
# `verbs`: subcommands, each with options of its own that the tool's page describes. `paged_verbs`: those with a page of their own,
# docs/cli/TOOL-VERB.md.
TOOLS = {
    "carbonedge": {"options": ["-h", "--help", "--version"], "unknown": "--versoin", "nearest": "--version"},
    "profile": {"paged_verbs": ["transport"], "reads": ["{file} --input 1x3x8x8", "{inputs}/none.pt --input-file {file}"], "refuses": "none.pt --input 1x3x8x8",
        "over_itself": ("tiny.pt", "{file} --input 1x3x8x8"), "values": ("--cpus", "--strict"),
        "ineffective": {"--for": "m.pt --input 1 --for 5s", "--interval": "m.pt --input 1 --interval 1s", "--quota-period": "m.pt --input 1 --quota-period 50ms"}},
    "partition": {
        "over_itself": ("invented.profile.csv", "{file} --stages 2"), "values": ("--stages", "--overwrite"),
        "ineffective": {"--cluster": "p.csv --stages 2 --cluster c.ini"},
        "reads": ["{file} --stages 2", "{inputs}/invented.profile.csv --stages 2 --by capability --cluster {file}"],
        "writes": "{inputs}/invented.profile.csv --stages 2",
    },
    "plan": {
        "over_itself": ("invented.profile.csv", "{file} --cluster {inputs}/cluster.ini"), "values": ("--slo", "--keep-cuts"),
        "ineffective": {
            "--carbon-weight": "p.csv --cluster c.ini --carbon-weight 0.3",
            "--mode": "p.csv --cluster c.ini --mode green",
            "--variant": "p.csv --cluster c.ini --policy round-robin --variant si",
            "--seed": "p.csv --cluster c.ini --seed 3",
            "--time-limit": "p.csv --cluster c.ini --policy best-node --time-limit 1s",
            "--work-limit": "p.csv --cluster c.ini --policy best-node --work-limit 9",
            "--keep-cuts": "p.csv --cluster c.ini --policy block --keep-cuts",
            "--slo": "--slo 5ms verify p.json",
            "--min-throughput": "evaluate p.json --min-throughput 5/s",
            "--node-profile": "evaluate p.json --node-profile a=b.csv",
            "--width": "pareto p.csv --cluster c.ini --format json --width 80",
            "--steps": "update p.json --steps 5",
            "--name": "update p.json --name x",
        },
        "verbs": ["verify"],
        "paged_verbs": ["evaluate", "import", "export", "dag", "fleet", "compare", "pareto", "sweep", "update", "explain"],
        "reads": [
            "{file} --cluster {inputs}/cluster.ini",
            "{inputs}/invented.profile.csv --cluster {file}",
            "{inputs}/invented.profile.csv --cluster {inputs}/cluster.ini --node-profile clean={file}",
            "verify {file}",
            "dag {file}",
            "fleet a={file} --cluster {inputs}/cluster.ini",
            "fleet a={inputs}/invented.profile.csv --cluster {file}",
            "evaluate {file} --pipeline a:0-1",
            "evaluate {file} --from csv --profile {inputs}/invented.profile.csv --cluster {inputs}/cluster.ini",
            "evaluate {inputs}/stages.csv --from csv --profile {file} --cluster {inputs}/cluster.ini",
            "import --from pipedream {file} -o out",
            "import --from csv {file} -o out",
            "compare {file} --cluster {inputs}/cluster.ini",
            "compare {inputs}/invented.profile.csv --cluster {file}",
        ],
        "writes": "{inputs}/invented.profile.csv --cluster {inputs}/cluster.ini",
    },
    "probe": {"unknown": "--reday", "nearest": "--ready"},
    "run": {
        "over_itself": ("report/green.plan.json", "{file} --model none.pt"), "values": ("--requests", "--replan"),
        "ineffective": {"--heartbeat": "p.json --model m.pt --heartbeat 5ms", "--nodes": "p.json --model m.pt --nodes n.ini", "--speed": "p.json --model m.pt --speed 3"},
        "paged_verbs": ["certificates"],
        "reads": ["{file} --model none.pt", "--calibrate --cluster {file}", "certificates tls --cluster {file}", "certificates tls --plan {file}"],
        "refuses": "none.plan.json --model none.pt",
    },
    "stage": {"reads": ["{file} --model none.pt --emit none"]},
    "report": {"over_itself": ("report/green.plan.json", "{file}"), "values": ("--table", "--plot"),
        "ineffective": {"--last": "p.json --last 3", "--inconclusive": "p.json --inconclusive pass", "--allow": "p.json --allow load"},
        "paged_verbs": ["intensity"], "reads": ["{file}", "{inputs}/report/green.run.jsonl {file}"], "writes": "{inputs}/report/green.plan.json"},
}

DEFAULTS = {"verbs": [], "paged_verbs": [], "reads": [], "writes": None, "refuses": None, "options": None, "unknown": "--outptu", "nearest": "--output", "over_itself": None, "ineffective": {}, "values": None}


class Tool:
    def __init__(self, name, programs, version):
        row = DEFAULTS | TOOLS[name]
        self.name = name
        self.program = "carbonedge" if name == "carbonedge" else f"carbonedge-{name}"
        self.programs = programs
        self.version = version
        self.verbs, self.reads, self.writes, self.refuses = row["verbs"], row["reads"], row["writes"], row["refuses"]
        self.over_itself, self.ineffective, self.values = row["over_itself"], row["ineffective"], row["values"]
        self.listed_options, self.unknown, self.nearest = row["options"], row["unknown"], row["nearest"]
        self.page = SOURCE / "docs" / "cli" / f"{name}.md"
        self.paged_verbs = row["paged_verbs"]

    def conventions(self):
        names = ["help", "short_help", "version", "version_before_errors", "unknown_option", "page_ends", "options_documented"]
        if self.paged_verbs:
            names += ["verb_pages"]
        if self.reads:
            names += ["missing_file", "folder_as_file", "malformed_file", "empty_file"]
        if self.writes:
            names += ["existing_output", "output_in_missing_folder", "verbose"]
        if self.over_itself:
            names += ["output_over_itself"]
        if self.ineffective:
            names += ["ineffective_options"]
        if self.values:
            names += ["values_of_options"]
        if self.refuses:
            names += ["existing_output_before_work"]
        return names

    def run(self, *words, cwd=None):
        command = [str(pathlib.Path(self.programs) / self.program), *words]
        environment = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")} | {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
        return subprocess.run(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIME_LIMIT_SECONDS, check=False)

    # -- what a result must look like

    def hold(self, condition, problem, result):
        if not condition:
            sys.exit(f"{self.program}: {problem}\nexit status {result.returncode}\n--- stdout\n{result.stdout}--- stderr\n{result.stderr}")

    def hold_success(self, result):
        self.hold(result.returncode == 0, "the exit status is not 0", result)
        self.hold(result.stderr == "", "standard error is not empty", result)

    def hold_error(self, result, status, *parts):
        self.hold(result.returncode == status, f"the exit status is not {status}", result)
        self.hold(result.stdout == "", "standard output is not empty", result)
        self.hold(result.stderr.count("\n") == 1 and result.stderr.endswith("\n"), "the error is not one line", result)
        self.hold(result.stderr.startswith(f"{self.program}: error: "), "the error does not begin with the program's name", result)
        for part in parts:
            self.hold(part in result.stderr, f"the error does not say '{part}'", result)

    # -- the conventions

    def help(self):
        result = self.run("--help")
        self.hold_success(result)
        self.hold(result.stdout == self.page.read_text(encoding="utf-8"), f"--help is not {self.page.name}", result)

    def short_help(self):
        for prefix in [[]] + [[verb] for verb in self.verbs]:
            result = self.run(*prefix, "-h")
            self.hold_success(result)
            self.hold("Usage:" in result.stdout and "--help" in result.stdout, "-h is no list of options", result)

    def version_line(self):
        return f"{self.program} {self.version}\n"

    def version_(self):
        result = self.run("--version")
        self.hold_success(result)
        self.hold(result.stdout == self.version_line(), f"the version is not '{self.version_line().strip()}'", result)

    def version_before_errors(self):
        result = self.run("--version", self.unknown)
        self.hold_success(result)
        self.hold(result.stdout == self.version_line(), "--version does not win over a wrong option", result)

    def unknown_option(self):
        for prefix in [[]] + [[verb] for verb in self.verbs]:
            self.hold_error(self.run(*prefix, self.unknown), 2, f"'{self.unknown}'", f"did you mean '{self.nearest}'?")

    def page_ends(self):
        self.hold_page(self.page, self.program)

    def hold_page(self, page, title):
        text = page.read_text(encoding="utf-8")
        heads = re.findall(r"^## (.+)$", text, re.MULTILINE)
        if not text.startswith(f"# {title}\n"):
            sys.exit(f"{page}:1: the page must begin with '# {title}'")
        if heads[-2:] != ["EXAMPLES", "DIAGNOSTICS"]:
            sys.exit(f"{page}: the last two sections must be EXAMPLES and DIAGNOSTICS, not {heads[-2:]}")

    def verb_pages(self):
        short = self.run("-h")
        listed = re.findall(r"^  ([a-z]+) ", short.stdout.partition("\nVerbs (")[2], re.MULTILINE)
        self.hold(sorted(listed) == sorted(self.paged_verbs), f"-h lists the verbs {listed}, not {self.paged_verbs}", short)
        for verb in self.paged_verbs:
            page = self.page.with_name(f"{self.name}-{verb}.md")
            self.hold_page(page, f"{self.program}-{verb}")
            result = self.run(verb, "--help")
            self.hold_success(result)
            self.hold(result.stdout == page.read_text(encoding="utf-8"), f"--help is not {page.name}", result)
            short = self.run(verb, "-h")
            self.hold_success(short)
            self.hold_described(self.listed_by(short), page)
            self.hold_error(self.run(verb, self.unknown), 2, f"'{self.unknown}'", f"did you mean '{self.nearest}'?")

    @staticmethod
    def listed_by(result):
        names = re.findall(r"^\s+(?:-\w,)?(--[a-z][a-z0-9-]*(?:,--[a-z][a-z0-9-]*)*)", result.stdout, re.MULTILINE)
        return {name for spellings in names for name in spellings.split(",")} | set(re.findall(r"^\s+(-\w)\b", result.stdout, re.MULTILINE))

    def options_documented(self):
        listed = set(self.listed_options or [])
        if not listed:
            for prefix in [[]] + [[verb] for verb in self.verbs]:
                listed |= self.listed_by(self.run(*prefix, "-h"))
        self.hold_described(listed, self.page)

    @staticmethod
    def hold_described(listed, path):
        page = path.read_text(encoding="utf-8")
        prose = re.sub(r"^(```.*?^```|    .*?)$", "", page, flags=re.MULTILINE | re.DOTALL)
        prose = re.sub(r"`carbonedge [^`]*`", "", prose)  # another tool's command line
        described = set(re.findall(r"(?<![\w-])(--[a-z][a-z0-9-]*)", prose))
        problems = [f"{option} is listed by -h, but not described in {path.name}" for option in sorted(listed) if not re.search(rf"(?<![\w-]){option}(?![\w-])", prose)]
        problems += [f"{option} is described in {path.name}, but not listed by -h" for option in sorted(described - listed)]
        if problems or not listed:
            sys.exit("\n".join(problems) or "-h lists no option")

    def missing_file(self):
        for line in self.reads:
            with tempfile.TemporaryDirectory() as folder:
                self.hold_error(self.run(*self.words(line, file="missing-file"), cwd=folder), 4, "missing-file")

    def folder_as_file(self):
        for line in self.reads:
            with tempfile.TemporaryDirectory() as folder:
                (pathlib.Path(folder) / "a-folder").mkdir()
                self.hold_error(self.run(*self.words(line, file="a-folder"), cwd=folder), 4, "a-folder")

    def malformed_file(self):
        for line in self.reads:
            with tempfile.TemporaryDirectory() as folder:
                (pathlib.Path(folder) / "malformed-file").write_bytes(b"\x00\xff[no such thing\n\"{,\n")
                self.hold_error(self.run(*self.words(line, file="malformed-file"), cwd=folder), 4, "malformed-file")

    def empty_file(self):
        for line in self.reads:
            with tempfile.TemporaryDirectory() as folder:
                (pathlib.Path(folder) / "empty-file").write_bytes(b"")
                self.hold_error(self.run(*self.words(line, file="empty-file"), cwd=folder), 4, "empty-file")

    def hold_refusal(self, line, folder):
        output = pathlib.Path(folder) / "existing-output"
        output.write_text("precious\n", encoding="utf-8")
        result = self.run(*self.words(line), "-o", "existing-output", cwd=folder)
        self.hold_error(result, 4, "existing-output already exists", "--overwrite")
        self.hold(output.read_text(encoding="utf-8") == "precious\n", "the existing file was changed", result)
        return output

    def existing_output(self):
        with tempfile.TemporaryDirectory() as folder:
            output = self.hold_refusal(self.writes, folder)
            result = self.run(*self.words(self.writes), "-o", "existing-output", "--overwrite", cwd=folder)
            self.hold(result.returncode in (0, 1, 3), "--overwrite does not replace it", result)
            self.hold(output.read_text(encoding="utf-8") not in ("precious\n", ""), "--overwrite does not replace it", result)
            self.hold(result.stdout == "", "standard output is not empty with -o", result)
            self.hold([entry.name for entry in pathlib.Path(folder).iterdir()] == ["existing-output"], "something was left beside the output", result)

    def existing_output_before_work(self):
        with tempfile.TemporaryDirectory() as folder:
            self.hold_refusal(self.refuses, folder)

    def output_in_missing_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            self.hold_error(self.run(*self.words(self.writes), "-o", "no-folder/output", cwd=folder), 4, "no-folder/output")

    def verbose(self):
        quiet, verbose = self.run(*self.words(self.writes)), self.run(*self.words(self.writes), "-v")
        self.hold(verbose.stdout == quiet.stdout, "-v changes standard output", verbose)
        self.hold("option --output = -\n" in verbose.stderr, "-v does not show every effective option", verbose)

    def output_over_itself(self):
        name, line = self.over_itself
        content = (SOURCE / "tests" / "golden" / "inputs" / name).read_bytes()
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "itself"
            path.write_bytes(content)
            (pathlib.Path(folder) / "link").symlink_to("itself")
            for output in ["itself", "./itself", "link"]:
                result = self.run(*self.words(line, file="itself"), "-o", output, "--overwrite", cwd=folder)
                self.hold_error(result, 2, f"--output: {output} is also given as 'itself'")
                self.hold(path.read_bytes() == content, "the input was changed", result)

    def ineffective_options(self):
        for option, line in self.ineffective.items():
            result = self.run(*line.split())
            self.hold_error(result, 2, option)
            self.hold(re.search("has no effect without|has no meaning for|belong|goes? with|are of", result.stderr) is not None, f"it is not said why {option} is refused", result)

    def values_of_options(self):
        option, flag = self.values
        self.hold_error(self.run(option), 2, f"error: {option}: no value given (")
        self.hold_error(self.run(f"{flag}=3"), 2, f"{flag} takes no value, '3' was given")
        for line in [[option, "1", option, "2"]]:
            result = self.run(*line)
            self.hold(result.returncode == 2 and result.stderr.count("\n") == 1, "a doubled option is not one line", result)

    def words(self, line, **values):
        return line.format(inputs=SOURCE / "tests" / "golden" / "inputs", **values).split()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--programs", default=".")
    parser.add_argument("--version", default="")
    parser.add_argument("tool", choices=TOOLS)
    parser.add_argument("convention", nargs="?")
    arguments = parser.parse_args()
    tool = Tool(arguments.tool, arguments.programs, arguments.version)
    if arguments.list:
        print(";".join(tool.conventions()), end="")
    elif arguments.convention == "version":
        tool.version_()
    elif arguments.convention in tool.conventions():
        getattr(tool, arguments.convention)()
    else:
        sys.exit(f"no convention '{arguments.convention}' for {arguments.tool}")


if __name__ == "__main__":
    main()
