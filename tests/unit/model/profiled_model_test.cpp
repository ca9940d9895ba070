#include "tests/support/error_text.h"
#include "tests/unit/model/tiny_model_file.h"

#include <doctest/doctest.h>

using namespace carbonedge;

namespace {

/// What the profiler records about the rows, without its measurements.
Profile profile_of(const TinyModelFile& file, const std::string& name, int depth) {
    Profile profile;
    profile.model_sha256 = file.model.sha256();
    for (const InputSpec& spec : tiny_model(name).inputs) profile.inputs.push_back(input_spec_text(spec));
    profile.execution = file.model.execution();
    profile.layers = file.model.layers();
    if (depth > 0) profile.environment["grouping-depth"] = std::to_string(depth);
    return profile;
}

}  // namespace

TEST_CASE("a network loads again with the rows of its profile, whatever its execution and grouping") {
    for (const bool optimise : {false, true}) {
        for (const int depth : {0, 1}) {
            const TinyModelFile file("residual", optimise, depth);
            const Profile profile = profile_of(file, "residual", depth);
            const Model again = load_profiled_model(file.path, profile);
            CHECK(again.layers() == profile.layers);
            CHECK(again.execution() == profile.execution);
        }
    }
}

TEST_CASE("another network, or one that has other rows here, is refused") {
    const TinyModelFile file("residual");
    const TinyModelFile other("chain");
    Profile profile = profile_of(file, "residual", 0);
    CHECK(error_text([&] { load_profiled_model(other.path, profile); }).find("is not the network of the profile") !=
          std::string::npos);
    profile.layers.pop_back();
    CHECK(error_text([&] { load_profiled_model(file.path, profile); }).find("profile it again") != std::string::npos);
}
