"""Every kind of JSON file has a schema in schemas/, the programs' files keep theirs, and the schemas notice what is missing or unknown.

  schemas_test.py PROGRAMS SOURCE
"""

import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import schemas

if not schemas.has_validator():
    print("skipped: needs python3-jsonschema (scripts/install_deps)")
    sys.exit(77)

PROGRAMS, SOURCE = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
INPUTS = SOURCE / "tests/golden/inputs"
NOT_JSON = {"cluster", "gate", "nodes", "stage", "builtin-stage"}  # INI; lines of text inside a stage's module, and instead of one

# What writes a file of each kind; those of models that were measured are recorded.
PLAN = ["plan", "invented.profile.csv", "--cluster", "cluster.ini"]
WRITERS = {
    "partition": [["partition", "invented.profile.csv", "--stages", "2"]],
    "plan": [PLAN, [*PLAN, "--policy", "round-robin"], [*PLAN, "--slo", "1s", "--minimize", "energy"]],
    "fleet-plan": [["plan", "fleet", "a=invented.profile.csv", "b=invented.profile.csv", "--cluster", "cluster.ini", "--rate", "a=5/s"]],
    "report": [
        ["report", "report/green.run.jsonl", "report/monolithic.run.jsonl", "--format", "json"], ["report", "report/split.plan.json", "--format", "json"],
        ["report", "invented.profile.csv", "--format", "json"], ["report", "report/net.partition.json", "--format", "json"],
        ["report", "gate/main.samples.jsonl", "--format", "json"], ["report", "benchmarks/google.json", "--format", "json"],
        ["report", "--gate", "gate/gate.ini", "gate/slower.samples.jsonl", "--format", "json", "--quiet"],
        ["report", "--gate", "gate/gate.ini", "gate/too_few.samples.jsonl", "--format", "json", "--quiet"],
        ["report", "--baseline", "report/green.plan.json", "--gate", "gate/plans.ini", "report/split.plan.json", "--format", "json", "--quiet"],
        ["plan", "pareto", "invented.profile.csv", "--cluster", "cluster.ini", "--format", "json"],
    ],
    "meters": [["profile", "--meters", "--format", "json"]],
}
RECORDED = {
    "run": ["report/green.run.jsonl", "report/failed.run.jsonl", "report/interrupted.run.jsonl"],
    "samples": ["gate/main.samples.jsonl", "gate/slower.samples.jsonl"],
    "profile": ["gate/main.profile.csv", "invented.profile.csv"],
}


def run(words):
    done = subprocess.run([PROGRAMS / f"carbonedge-{words[0]}", *words[1:]], cwd=INPUTS, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode not in (0, 1, 3):
        raise AssertionError(f"{words}: {done.stderr}")
    return done.stdout


def changed(document):
    """The document with a key of its own less, and with one more, for every object that the schema closes."""
    for key in list(document):
        less = copy.deepcopy(document)
        del less[key]
        yield f"without {key}", less
    more = copy.deepcopy(document)
    more["unknown_key"] = 1
    yield "with an unknown key", more


class Schemas(unittest.TestCase):
    def hold(self, name, text, what):
        self.assertEqual(schemas.claimed(text), name, what)
        self.assertEqual(schemas.check(text), [], what)
        return schemas.documents(name, text)

    def test_every_kind_of_json_has_one(self):
        named = set()
        for folder in ("lib", "tools"):
            for path in (SOURCE / folder).rglob("*.cpp"):
                text = path.read_text(encoding="utf-8")
                named |= set(re.findall(r'schema_text\("([a-z-]+)"', text)) | set(re.findall(r'"carbonedge\.([a-z-]+)/\d+"', text))
                named |= set(re.findall(r'expect_schema\([^;]*?, "([a-z-]+)",', text))
        self.assertEqual({path.name.removesuffix(".schema.json") for path in schemas.SCHEMAS.iterdir()}, named - NOT_JSON)

    def test_each_notices_what_is_missing_and_unknown(self):
        seen = set()
        for name in [*WRITERS, *RECORDED]:
            texts = [run(words) for words in WRITERS.get(name, [])] + [(INPUTS / file).read_text(encoding="utf-8") for file in RECORDED.get(name, [])]
            for text in texts:
                documents = self.hold(name, text, text[:200])
                found = schemas.validator(name)
                for document in {tuple(each): each for each in documents}.values():  # one of each shape
                    for what, other in changed(document):
                        optional = what in {"without rate_per_second", "without error", "without plan", "without execution_reason", "without cpus_limit",
                                            "without memory_limit_bytes", "without worst_output_error"}
                        self.assertEqual(found.is_valid(other), optional, f"{name} {what}")
            seen.add(name)
        self.assertEqual(seen, set(WRITERS) | set(RECORDED))

    def test_histories_and_the_rest(self):
        with tempfile.TemporaryDirectory() as folder:
            history = pathlib.Path(folder) / "h.jsonl"
            for file in ("gate/main.samples.jsonl", "report/green.run.jsonl", "report/green.plan.json", "benchmarks/google.json"):
                run(["report", "--history", str(history), "--commit", "a", file, "--quiet"])
            self.assertEqual(len(self.hold("history", history.read_text(encoding="utf-8"), "history")), 4)
        self.hold("countries", (SOURCE / "lib/carbon/country_intensities.csv").read_text(encoding="utf-8"), "countries")

    def test_a_wrong_verdict_is_noticed(self):
        text = run(["report", "--gate", "gate/gate.ini", "gate/slower.samples.jsonl", "--format", "json", "--quiet"])
        document = json.loads(text)
        document["sections"]["verdict"]["facts"]["verdict"] = "perhaps"
        self.assertFalse(schemas.validator("report").is_valid(document))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
