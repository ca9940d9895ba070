"""The JUnit XML of the gate: well-formed for every recorded input and for names that try to break out of it, of the shape that build
servers read (the elements and attributes of Jenkins' junit schema), and of one mind with the exit status.

  gate_junit_test.py CARBONEDGE_REPORT SOURCE
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

PROGRAM, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2])
INPUTS = SOURCE / "tests/golden/inputs/gate"

# element: (attributes that must be there, attributes that may, elements inside)
SHAPE = {
    "testsuites": ({"name", "tests", "failures", "errors"}, {"time", "disabled"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped"},
        {"time", "disabled", "timestamp", "hostname", "id", "package"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": ({"name", "classname"}, {"assertions", "time", "status"}, {"skipped", "error", "failure", "system-out", "system-err"}),
    "skipped": ({"message"}, {"type"}, set()),
    "failure": ({"message", "type"}, set(), set()),
    "error": ({"message", "type"}, set(), set()),
    "system-out": (set(), set(), set()),
    "system-err": (set(), set(), set()),
}

BASELINE = ["--baseline", "main.samples.jsonl"]
ON_RECORD = [
    (["--gate", "gate.ini", "same.samples.jsonl"], 0),
    (["--gate", "gate.ini", "slower.samples.jsonl"], 1),
    (["--gate", "gate.ini", "too_few.samples.jsonl"], 3),
    (["--gate", "gate.ini", "too_few.samples.jsonl", "--inconclusive", "pass"], 0),
    (["--gate", "gate.ini", "too_few.samples.jsonl", "--inconclusive", "fail"], 1),
    (["--baseline", "../report/green.plan.json", "--gate", "plans.ini", "../report/split.plan.json"], 1),
    (["--baseline", "main.profile.csv", "--gate", "gate.ini", "../report/green.plan.json"], 3),
    (["--baseline", "main.profile.csv", "--gate", "gate.ini", "../report/green.plan.json", "--inconclusive", "pass"], 3),
    (["--baseline", "../report/monolithic.run.jsonl", "--gate", "plans.ini", "../report/green.run.jsonl"], 3),
]
HOSTILE = ["</testcase><failure/>", "a & b", "\"quoted' \u00e4", "]]>", "<!--", "&#0;", "\ufffe"]


def gate(words, folder=INPUTS):
    result = subprocess.run([PROGRAM, *words, "--format", "junit"], cwd=folder, capture_output=True, check=False, timeout=60)
    return result.returncode, result.stdout


def with_layer_called(name, lines):
    """Samples hold the table of layers as lines of CSV inside JSON."""
    cell = '"' + name.replace('"', '""') + '"' if set(name) & set(',"') else name
    return lines.replace(",body,Conv2d,", "," + json.dumps(cell, ensure_ascii=False)[1:-1] + ",Conv2d,")


class GateJunit(unittest.TestCase):
    def hold_shape(self, element):
        self.assertIn(element.tag, SHAPE)
        required, optional, children = SHAPE[element.tag]
        self.assertLessEqual(required, set(element.attrib))
        self.assertLessEqual(set(element.attrib), required | optional)
        for child in element:
            self.assertIn(child.tag, children)
            self.hold_shape(child)

    def parsed(self, status, text):
        root = xml.etree.ElementTree.fromstring(text)
        self.assertEqual(root.tag, "testsuites")
        self.hold_shape(root)
        for suite in root:
            cases = suite.findall("testcase")
            self.assertEqual(int(suite.get("tests")), len(cases))
            for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
                self.assertEqual(int(suite.get(attribute)), len(suite.findall(f"testcase/{tag}")))
        for attribute in ("tests", "failures", "errors"):
            self.assertEqual(int(root.get(attribute)), sum(int(suite.get(attribute)) for suite in root))
        self.assertGreater(int(root.get("tests")), 0)
        self.assertEqual(int(root.get("failures")) + int(root.get("errors")) == 0, status == 0)
        return root

    def test_recorded_inputs(self):
        for words, expected in ON_RECORD:
            with self.subTest(words=words):
                status, text = gate(words)
                self.assertEqual(status, expected)
                self.parsed(status, text)

    def test_a_regression_names_what_got_worse(self):
        root = self.parsed(*gate(["--gate", "gate.ini", "slower.samples.jsonl"]))
        failures = {case.get("name"): case.find("failure") for case in root.iter("testcase") if case.find("failure") is not None}
        self.assertIn("latency of layer body", failures)
        self.assertIn("layer body +", failures["latency"].text)
        self.assertTrue(failures["latency"].get("message").startswith("regression: latency +"))

    def test_hostile_names_stay_names(self):
        lines = (INPUTS / "slower.samples.jsonl").read_text(encoding="utf-8")
        for name in HOSTILE:
            with self.subTest(name=name), tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "slower.samples.jsonl"
                path.write_text(with_layer_called(name, lines), encoding="utf-8")
                status, text = gate(["--gate", str(INPUTS / "gate.ini"), str(path)])
                self.assertEqual(status, 1)
                names = {case.get("name") for case in self.parsed(status, text).iter("testcase")}
                self.assertIn("latency of layer " + name.replace("\ufffe", "\ufffd"), names)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
