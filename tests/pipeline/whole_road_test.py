"""All tools one after the other on a tiny network: profile, partition, its stages as modules, plan, verify, run, report; and as one pipe."""

import argparse
import json
import pathlib
import subprocess
import tempfile
import unittest

parser = argparse.ArgumentParser()
parser.add_argument("--programs", type=pathlib.Path, required=True)
parser.add_argument("--tiny-model", required=True)
parser.add_argument("--source", type=pathlib.Path, required=True)
arguments, rest = parser.parse_known_args()

MODEL, INPUT = "residual", "1x3x8x8"
PROFILE = ["profile", "m.pt", "--input", INPUT, "--max-time", "300ms", "--min-time", "50ms", "--check-cuts", "none", "--quiet"]


class WholeRoad(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="carbonedge-road-")
        cls.folder = pathlib.Path(cls.scratch.name)
        for name, model in (("m.pt", MODEL), ("other.pt", "chain")):
            subprocess.run([arguments.tiny_model, model, cls.folder / name], check=True)
        (cls.folder / "c.ini").write_bytes((arguments.source / "tests/golden/inputs/cluster.ini").read_bytes())

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def carbonedge(self, *words, status=0):
        result = subprocess.run([arguments.programs / "carbonedge", *words], cwd=self.folder, capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(result.returncode, status, f"{words}\n{result.stdout[-2000:]}\n{result.stderr[-2000:]}")
        return result

    def test_1_profile_partition_plan_verify(self):
        self.carbonedge(*PROFILE, "-o", "m.profile.csv")
        self.carbonedge("partition", "m.profile.csv", "--stages", "2", "--quiet", "-o", "m.partition.json")
        self.carbonedge("plan", "m.partition.json", "--cluster", "c.ini", "--keep-cuts", "--quiet", "-o", "m.plan.json")
        self.carbonedge("plan", "verify", "m.plan.json")
        self.assertEqual(len(json.loads((self.folder / "m.plan.json").read_text())["pipelines"][0]["stages"]), 2)

    def test_2_stages_as_modules(self):
        words = ["partition", "m.profile.csv", "--stages", "2", "--model", "m.pt", "--emit", "stages", "-o", "/dev/null"]
        self.assertIn("of its output range", self.carbonedge(*words).stderr)
        manifest = json.loads((self.folder / "stages/stages.json").read_text())
        self.assertEqual(manifest["schema"], "carbonedge.stages/1")
        self.assertEqual([stage["file"] for stage in manifest["stages"]], ["stage-0.pt", "stage-1.pt"])
        self.assertEqual(manifest["stages"][0]["outputs"], manifest["stages"][1]["inputs"])
        self.assertEqual(sorted(path.name for path in (self.folder / "stages").iterdir()), ["partition.json", "stage-0.pt", "stage-1.pt", "stages.json"])
        self.assertIn("already exists", self.carbonedge(*words, status=4).stderr)
        self.carbonedge(*words, "--overwrite", "--quiet")
        words[words.index("m.pt")] = "other.pt"
        self.carbonedge(*words, "--overwrite", status=4)

    def test_3_run_and_report(self):
        self.carbonedge("run", "m.plan.json", "--model", "m.pt", "--requests", "5", "--quiet", "-o", "m.run.jsonl")
        report = json.loads(self.carbonedge("report", "m.run.jsonl", "--format", "json").stdout)
        facts = report["sections"]["run"]["facts"]
        self.assertEqual((facts["status"], facts["requests_answered"], facts["outputs_checked"]), ("complete", 5, "yes"))
        self.carbonedge("run", "m.plan.json", "--model", "other.pt", "--requests", "1", status=4)

    def test_4_one_pipe(self):
        pipe = (
            f"{' '.join(['carbonedge', *PROFILE])} | carbonedge partition - --stages 2 --quiet"
            " | carbonedge plan - --cluster c.ini --quiet | carbonedge report -"
        )
        environment = {"PATH": f"{arguments.programs}:/usr/bin:/bin", "LC_ALL": "C"}
        result = subprocess.run(["bash", "-o", "pipefail", "-c", pipe], cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("Ledger of one inference", result.stdout)
        self.assertIn("yes, proven", result.stdout)


if __name__ == "__main__":
    unittest.main(argv=["whole_road_test", *rest])
