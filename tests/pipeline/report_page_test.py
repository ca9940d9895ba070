"""The pages of carbonedge-report in a real browser, started from the command line: every picture is drawn, nothing is asked of a network,
nothing is complained of, names are text, and it all fits a phone.

  report_page_test.py PROGRAMS_DIR SOURCE_DIR has-plot-library|no-plot-library Written|Browser|Images

Ends with 77 where all of it was skipped.

CARBONEDGE_SCREENSHOTS=DIR keeps a screenshot of each page, light and dark, wide and as on a phone, to look at.
"""

import html
import html.parser
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PART = sys.argv.pop()
DRAWN = sys.argv.pop() == "has-plot-library"
SOURCE = pathlib.Path(sys.argv.pop())
REPORT = pathlib.Path(sys.argv.pop()) / "carbonedge-report"
INPUTS = SOURCE / "tests/golden/inputs/report"
BROWSER = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"))), None)
EVIL = "</script><img src=x onerror=document.title=1>\"'&"
PAGES = {
    "comparison": ["monolithic.run.jsonl", "green.run.jsonl", "split.run.jsonl"],
    "run": ["split.run.jsonl"],
    "plan": ["split.plan.json"],
    "profile": ["net.profile.csv"],
    "partition": ["net.partition.json"],
    "gate": ["--gate", "../gate/gate.ini", "../gate/slower.samples.jsonl"],
    "history": ["--history", "@HISTORY@"],
    "intensity": ["intensity", "intensity.csv", "--scope", "direct", "--window", "2h", "--run", "split.run.jsonl"],
}
PICTURES = {
    "comparison": ["tradeoff", "waterfall", "causes", "prediction", "placement"],
    "run": ["layers", "timeline", "prediction", "ledger"],
    "plan": ["layers", "ledger"],
    "profile": ["layers"],
    "partition": ["layers"],
    "gate": ["gate"],
    "history": ["trend"],
    "intensity": ["intensity"],
}


SCRATCH = tempfile.TemporaryDirectory(prefix="carbonedge-page-")


def write_history():
    """Six commits of one measurement and one of another, in a file of its own."""
    path = pathlib.Path(SCRATCH.name) / "perf.jsonl"
    for i, samples in enumerate(["main"] * 6 + ["change"]):
        subprocess.run([REPORT, "--history", path, "--commit", f"c{i}", f"../gate/{samples}.samples.jsonl", "--quiet"], cwd=INPUTS, check=True)
    return str(path)


PAGES["history"][1] = write_history()


def report(*words):
    done = subprocess.run([REPORT, *words, "--format", "html"], cwd=INPUTS, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):  # 1: a page about failed requests or a regression
        raise AssertionError(done.stderr)
    return done.stdout


class Page(html.parser.HTMLParser):
    """The elements of a page, and the text of its scripts."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.scripts = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data):
        if self.cdata_elem == "script":
            self.scripts[-1] += data

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


class Written(unittest.TestCase):
    """What needs no browser."""

    def test_every_page_opens_with_three_sentences_and_names_its_pictures(self):
        for name, words in PAGES.items():
            text = report(*words)
            page = Page(text)
            self.assertEqual([f["id"] for f in page.of("figure")], [f"picture-{p}" for p in PICTURES[name]], name)
            opening = re.search(r'<div class="opening">(.*?)</div>', text, re.DOTALL).group(1)
            self.assertEqual(opening.count("<p>"), 3, name)

    def test_a_page_allows_itself_nothing_but_its_scripts(self):
        page = Page(report("split.run.jsonl"))
        (policy,) = [m["content"] for m in page.of("meta") if m.get("http-equiv") == "Content-Security-Policy"]
        self.assertTrue(policy.startswith("default-src 'none'; style-src 'unsafe-inline'"), policy)
        for word in ("unsafe-eval", "http:", "https:", "*", "script-src 'unsafe"):
            self.assertNotIn(word, policy)
        self.assertEqual(policy.count("'sha256-"), 3 if DRAWN else 0)
        for tag in ("link", "img", "iframe", "object", "embed"):
            self.assertEqual(page.of(tag), [], tag)
        self.assertFalse([e for e in page.elements if "src" in e[1] or any(key.startswith("on") for key in e[1])])

    def test_without_the_library_the_numbers_are_there_and_what_is_missing_is_said(self):
        if DRAWN:
            self.skipTest("this build has the plot library")
        text = report("split.run.jsonl")
        self.assertIn("built without its plot library", text)
        self.assertEqual(Page(text).of("script"), [])
        self.assertGreater(text.count("<table>"), 8)

    def test_weight(self):
        weight = len(report("split.run.jsonl").encode())
        self.assertLess(weight, 900_000 if DRAWN else 60_000)


class Browser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not DRAWN:
            raise unittest.SkipTest("this build has no plot library: scripts/install_plot_library")
        if BROWSER is None:
            raise unittest.SkipTest("there is no Chromium: apt-get install chromium-headless-shell")
        cls.scratch = tempfile.TemporaryDirectory(prefix="carbonedge-page-")
        cls.folder = pathlib.Path(cls.scratch.name)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def browse(self, path, *options):
        """The page as the browser has it after its scripts, and what they complained of. Every request but that of the page fails the test."""
        netlog = self.folder / "net.json"
        command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", f"--user-data-dir={self.folder}/profile",
                   "--disable-background-networking", "--disable-component-update", "--no-first-run", "--virtual-time-budget=5000",
                   "--enable-logging=stderr", f"--log-net-log={netlog}", *options, path.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        asked = set(re.findall(r'"url":"((?:https?|wss?|ftp):[^"]*)"', netlog.read_text()))
        self.assertEqual(asked, set())
        return done.stdout, complaints

    def written(self, name, text):
        path = self.folder / f"{name}.html"
        path.write_text(text)
        return path

    def test_every_picture_is_drawn_and_nothing_is_complained_of(self):
        for name, words in PAGES.items():
            if not PICTURES[name]:
                continue
            dom, complaints = self.browse(self.written(name, report(*words)), "--dump-dom")
            self.assertEqual(complaints, [], name)
            self.assertIn('data-drawn="yes"', dom)
            for picture in PICTURES[name]:
                figure = re.search(rf'<figure id="picture-{picture}".*?</figure>', dom, re.DOTALL).group(0)
                self.assertIn("<svg", figure, (name, picture))
                marks = len(re.findall(r"<(?:path|line|text)\b", figure.split("<svg", 1)[1]))
                self.assertGreater(marks, 10, (name, picture))
                self.assertNotIn("NaN", figure)
                self.assertNotIn("undefined", figure)

    def test_the_drawing_shows_the_numbers(self):
        dom, _ = self.browse(self.written("numbers", report(*PAGES["comparison"])), "--dump-dom")
        figure = re.search(r'<figure id="picture-waterfall".*?</figure>', dom, re.DOTALL).group(0)
        for label in ("monolithic", "green-minmax", "electricity", "CO2e of one inference [ug]"):
            self.assertIn(f">{label}</text>", figure)
        self.assertIn(">\u2212133</text>", figure)

    def test_names_stay_text(self):
        plan = json.loads((INPUTS / "split.plan.json").read_text())
        plan["name"] = EVIL
        quoted = '"' + EVIL.replace('"', '""') + '"'
        plan["profiles"] = [[line.replace("features.0", quoted) for line in lines] for lines in plan["profiles"]]
        (self.folder / "evil.plan.json").write_text(json.dumps(plan))
        for page in (report(str(self.folder / "evil.plan.json")), report(str(self.folder / "evil.plan.json"), "green.run.jsonl")):
            dom, complaints = self.browse(self.written("evil", page), "--dump-dom")
            self.assertEqual(complaints, [])
            self.assertIn('data-drawn="yes"', dom)
            self.assertNotIn("<img", dom)
            self.assertNotIn("<title>1</title>", dom)
            self.assertIn("&lt;/script&gt;&lt;img", dom)

    def test_arrow_keys_reach_what_a_pointer_reaches(self):
        # As below: a page without its policy, with a script that presses keys and writes down what the tip says.
        press = """<script>(function press() {
          if (document.documentElement.dataset.drawn !== "yes") return setTimeout(press, 50);
          const said = {};
          for (const drawing of document.querySelectorAll(".drawing")) {
            const tips = new Set();
            drawing.focus();
            for (let i = 0; i < 400; i += 1) {
              drawing.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true, cancelable: true }));
              const tip = document.getElementById("tip");
              if (!tip.hidden) tips.add([...tip.children].map((line) => line.textContent).join("; "));
            }
            said[drawing.closest("figure").id] = [...tips];
            document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
            if (!document.getElementById("tip").hidden) said.stays = ["the tip stays after Escape"];
          }
          document.body.dataset.said = JSON.stringify(said);
        })();</script></body>"""
        for name, words in PAGES.items():
            text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", report(*words)).replace("</body>", press)
            dom, complaints = self.browse(self.written("keys", text), "--dump-dom")
            self.assertEqual(complaints, [], name)
            said = json.loads(html.unescape(re.search(r'data-said="([^"]*)"', dom).group(1)))
            self.assertEqual(set(said), {f"picture-{picture}" for picture in PICTURES[name]}, name)
            for picture, tips in said.items():
                self.assertGreater(len(tips), 1, (name, picture))
                self.assertTrue(all(": " in tip for tip in tips), (name, picture))

    def test_fits_a_phone(self):
        text = report(*PAGES["comparison"])
        # A page without its policy, with a script that writes down how wide it became.
        text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
        probe = ("<script>setInterval(() => { document.documentElement.dataset.room = "
                 "`${document.documentElement.scrollWidth},${document.documentElement.clientWidth}`; }, 50);</script></body>")
        dom, _ = self.browse(self.written("phone", text.replace("</body>", probe)), "--dump-dom", "--window-size=500,844")
        wide, room = map(int, re.search(r'data-room="(\d+),(\d+)"', dom).groups())
        self.assertLessEqual(wide, room)

    def test_paper_gets_every_table_and_the_screen_its_folds_back(self):
        text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", report(*PAGES["run"]))
        probe = """<script>
          const shut = () => document.querySelectorAll("section > details:not([open])").length;
          const counts = [shut()];
          for (const event of ["beforeprint", "afterprint"]) {
            window.dispatchEvent(new Event(event));
            counts.push(shut());
          }
          document.body.dataset.shut = counts.join(" ");
        </script></body>"""
        dom, _ = self.browse(self.written("paper", text.replace("</body>", probe)), "--dump-dom")
        before, printing, after = map(int, re.search(r'data-shut="([^"]*)"', dom).group(1).split())
        self.assertGreater(before, 3)
        self.assertEqual((printing, after), (0, before))

    def test_screenshots(self):
        kept = os.environ.get("CARBONEDGE_SCREENSHOTS")
        folder = pathlib.Path(kept) if kept else self.folder
        for name in ("comparison", "run"):
            path = self.written(name, report(*PAGES[name]))
            sizes = {}
            for theme, setting in (("light", 1), ("dark", 0)):
                for shape, size in (("wide", "1100,4000"), ("phone", "500,4000")):
                    shot = folder / f"{name}-{theme}-{shape}.png"
                    self.browse(path, f"--screenshot={shot}", f"--window-size={size}", f"--blink-settings=preferredColorScheme={setting}")
                    self.assertEqual(shot.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
                    sizes[theme, shape] = shot.read_bytes()
            self.assertNotEqual(sizes["light", "wide"], sizes["dark", "wide"])


class Images(unittest.TestCase):
    def setUp(self):
        if not DRAWN:
            self.skipTest("this build has no plot library: scripts/install_plot_library")
        if shutil.which("node") is None:
            self.skipTest("there is no node")

    def image(self, *words):
        done = subprocess.run([REPORT, *words], cwd=INPUTS, capture_output=True, check=False)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done.stdout

    def test_every_picture_is_an_svg_that_needs_nothing_else(self):
        for name, words in PAGES.items():
            for picture in PICTURES[name]:
                alone = [] if name == "intensity" else ["--picture", picture]
                svg = self.image(*words, *alone, "--format", "svg").decode()
                self.assertTrue(svg.startswith("<svg"), (name, picture))
                self.assertTrue(svg.endswith("</svg>\n"), (name, picture))
                self.assertNotIn("var(--", svg)
                self.assertNotIn("NaN", svg)
                self.assertGreater(len(svg), 3000)

    def test_png(self):
        if shutil.which("rsvg-convert") is None:
            self.skipTest("there is no rsvg-convert: apt-get install librsvg2-bin")
        png = self.image("split.run.jsonl", "--picture", "ledger", "--format", "png")
        self.assertEqual(png[:8], b"\x89PNG\r\n\x1a\n")
        width = int.from_bytes(png[16:20], "big")
        self.assertGreater(width, 1280)


if __name__ == "__main__":
    result = unittest.main(defaultTest=PART, exit=False).result
    for _, reason in result.skipped:
        print(f"skipped: {reason}")
    if not result.wasSuccessful():
        sys.exit(1)
    # A class that skips itself has run no test and is one entry.
    nothing_ran = result.testsRun == len([entry for entry in result.skipped if not str(entry[0]).startswith("setUpClass")])
    sys.exit(77 if result.skipped and nothing_ran else 0)
