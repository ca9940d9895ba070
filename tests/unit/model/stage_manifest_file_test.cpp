#include "lib/model/stage_manifest_file.h"
#include "tests/support/error_text.h"

#include <doctest/doctest.h>

using namespace carbonedge;

namespace {

const std::string kManifest = R"JSON({
  "schema": "carbonedge.stages/1",
  "model_sha256": "00ff",
  "execution": "frozen",
  "stages": [
    {
      "file": "stage-0.pt",
      "first": 0,
      "end": 2,
      "inputs": [
        "v0=1x3x8x8"
      ],
      "outputs": [
        "v1=1x4x8x8:float32[-1.5,2)",
        "v2=1x7:int64[0,50)"
      ]
    }
  ]
}
)JSON";

std::string changed(const std::string& from, const std::string& to) {
    std::string text = kManifest;
    return text.replace(text.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("a stage manifest reads and writes back to the same bytes") {
    const StageManifest manifest = read_stage_manifest(kManifest, "stages.json");
    REQUIRE(manifest.stages.size() == 1);
    CHECK(manifest.stages[0].layers == LayerRange{0, 2});
    CHECK(manifest.stages[0].outputs[1].dtype == DType::kInt64);
    CHECK(write_stage_manifest(manifest) == kManifest);
}

TEST_CASE("a wrong stage manifest is refused with file and line") {
    struct Row {
        std::string from;
        std::string to;
        std::string expected;
    };
    for (const Row& row :
         {Row{"stages/1", "stages/2", "stages.json:2: has schema version 2"},
          Row{"stages/1", "plan/1", "stages.json:2: is a"}, Row{"\"frozen\"", "\"melted\"", "stages.json:4: "},
          Row{"\"end\": 2", "\"end\": 0", "stages.json:9: "}, Row{"\"end\": 2", "\"ende\": 2", "'ende'"},
          Row{"v0=1x3x8x8", "v0=1x3xx8", "stages.json:11: "},
          Row{"v0=1x3x8x8", "v0=1x3x8x8:float32", "expected v0=1x3x8x8"}}) {
        CAPTURE(row.to);
        const std::string message = error_text([&] { read_stage_manifest(changed(row.from, row.to), "stages.json"); });
        CHECK(message.find(row.expected) != std::string::npos);
    }
}
