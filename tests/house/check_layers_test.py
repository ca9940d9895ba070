"""check_layers must find each breach that it is there for, and accept a tree without one."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK_LAYERS = sys.argv.pop()

GOOD = {
    "lib/base/errors.h": "#pragma once\n#include <string>\n",
    "lib/base/text.h": "#pragma once\n",
    "lib/base/text.cpp": '// why\n#include "lib/base/text.h"\n#include <string>\n',
    "lib/planner/plan.cpp": '// printf("in a comment")\n#include "lib/units/text.h"\nconst char* text = "exit(1)";\nvoid f() { x.exit(); fmt::format("a"); _exit(3); }\n',
    "lib/model/load.cpp": "#include <torch/script.h>\n",
    "lib/runtime/node.cpp": "#include <grpcpp/grpcpp.h>\n#include \"open_inference.pb.h\"\n",
    "lib/formats/csv.cpp": "#include <csv.h>\n#include <boost/program_options.hpp>\n",
    "lib/partition/plan_file.cpp": "#include <nlohmann/json.hpp>\n",
    "tools/plan/options.cpp": '#include "tools/cli/standard_options.h"\n#include <CLI/CLI.hpp>\n',
    "tests/unit/base/a_test.cpp": '#include <doctest/doctest.h>\nTEST_CASE("commas, too") {}\n',
}

# (file, its text, what must be said about it)
BREACHES = [
    ("lib/units/a.h", '#pragma once\n#include "lib/formats/csv.h"\n', "lib/units/a.h:2: the layer units may not include formats"),
    ("lib/verify/a.cpp", '#include "lib/planner/score.h"\n', "the layer verify may not include planner"),
    ("lib/planner/a.cpp", '#include "lib/verify/verify.h"\n', "the layer planner may not include verify"),
    ("lib/runtime/a.cpp", "#include <torch/script.h>\n", "LibTorch may be included only in"),
    ("lib/model/a.h", "#pragma once\n#include <ATen/ATen.h>\n", "LibTorch may be included only in"),
    ("lib/runtime/a.h", "#pragma once\n#include <grpcpp/grpcpp.h>\n", "gRPC may be included only in"),
    ("lib/model/b.cpp", '#include "open_inference.pb.h"\n', "gRPC may be included only in"),
    ("tools/plan/plan_command.cpp", "#include <CLI/CLI.hpp>\n", "CLI11 may be included only in"),
    ("lib/report/a.cpp", "#include <nlohmann/json.hpp>\n", "nlohmann/json may be included only in"),
    ("lib/profile/profile_file.cpp", "#include <csv.h>\n", "libcsv may be included only in"),
    ("lib/cluster/a.cpp", "#include <boost/program_options/parsers.hpp>\n", "Boost.Program_options may be included only in"),
    ("lib/planner/b.cpp", "#include <boost/asio/io_context.hpp>\n", "Boost.Asio and Boost.Beast may be included only in"),
    ("lib/planner/d.cpp", "#include <boost/spirit/home/x3.hpp>\n", "belongs to no library that"),
    ("lib/planner/c.cpp", '#include "score.h"\n', "include paths start at the root"),
    ("tools/plan/a.cpp", '#include "tools/run/options.h"\n', "the tool plan may not include another tool's code"),
    ("lib/base/a.cpp", '#include "tools/cli/standard_options.h"\n', "the library may not include a tool"),
    ("lib/base/b.cpp", "void f() {\n    std::cout << 1;\n}\n", "lib/base/b.cpp:2: 'std::cout' prints"),
    ("lib/base/c.cpp", 'void f() { printf("x"); }\n', "prints"),
    ("lib/base/d.cpp", "void f() { std::exit(1); }\n", "ends the program"),
    ("lib/base/e.cpp", 'auto x = std::getenv("HOME");\n', "reads the environment"),
    ("lib/base/f.h", "int x;\n", "no #pragma once"),
    ("lib/base/string_utils.cpp", "int x;\n", "a vague name"),
    ("lib/novel/a.cpp", "int x;\n", "is not in the table"),
    ("lib/base/errors.cpp", '#include <vector>\n#include "lib/base/errors.h"\n', "its own header comes first"),
    ("lib/planner/CMakeLists.txt", "carbonedge_layer(planner SOURCES a.cpp DEPENDS partition verify)\n", "the layer planner may not link verify"),
    ("lib/base/g.cpp", "// TO" "DO later\n", "the marker"),
    ("lib/base/h.cpp", "int x;\n" * 601, "601 lines, at most 600"),
    ("tools/plan/main.cpp", "int x;\n" * 21, "21 lines, at most 20"),
    ("tests/unit/base/b_test.cpp", "void f() { std::this_thread::sleep_for(1s); }\n", "in a test; wait for the event"),
    ("tests/unit/base/c_test.cpp", 'TEST_CASE("one; two") {}\n', "a test name with one of"),
]


def run_on(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return subprocess.run([sys.executable, CHECK_LAYERS, "--root", folder], capture_output=True, text=True, check=False)


class CheckLayers(unittest.TestCase):
    def test_a_clean_tree_passes(self):
        result = run_on(GOOD)
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.returncode, 0)

    def test_an_empty_tree_is_no_success(self):
        self.assertEqual(run_on({}).returncode, 1)

    def test_each_breach_is_found_alone(self):
        for name, text, said in BREACHES:
            with self.subTest(name):
                result = run_on({**GOOD, name: text})
                self.assertEqual(result.returncode, 1)
                self.assertIn(said, result.stdout)
                self.assertEqual(len(result.stdout.splitlines()), 1, result.stdout)


if __name__ == "__main__":
    unittest.main()
