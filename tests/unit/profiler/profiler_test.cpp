#include "lib/profiler/profiler.h"

#include "lib/base/errors.h"
#include "tests/support/shared_inputs.h"
#include "tests/support/temporary_folder.h"

#include <doctest/doctest.h>
#include <chrono>
#include <filesystem>
#include <set>
#include <string>

namespace carbonedge {
namespace {

using namespace std::chrono_literals;

void ignore_progress(const std::string& /*what*/, double /*fraction*/) {}

ProfilerOptions tiny_options(const TemporaryFolder& folder) {
    ProfilerOptions options;
    options.model_path = source_file("tests/golden/inputs/tiny.pt").string();
    options.model.inputs = {parse_input_spec("1x3x16x16")};
    options.least_time = 1ms;
    options.most_time = 50ms;
    options.split.folder = folder.path().string();
    options.split.pairs = 6;
    options.power = {Watts(1), Watts(3), 0.5, "test"};
    options.pin = false;
    return options;
}

const ProfileCheck* check_named(const Profile& profile, const std::string& name) {
    for (const ProfileCheck& check : profile.checks) {
        if (check.name == name) return &check;
    }
    return nullptr;
}

}  // namespace

TEST_CASE("a profile of a tiny network is complete and consistent") {
    const TemporaryFolder folder;
    ProfilerOptions options = tiny_options(folder);
    options.probe_memory = [](const std::string& stage, bool) {
        CHECK(std::filesystem::exists(stage));
        return StageMemory{Bytes(1000), Bytes(3000)};
    };
    const Profile profile = profile_model(options, ignore_progress);
    CHECK(profile.model_name == "tiny.pt");
    CHECK(profile.model_sha256.size() == 64);
    CHECK(profile.inputs == std::vector<std::string>{"1x3x16x16"});
    CHECK(profile.threads == 1);
    CHECK(profile.runtime_base_bytes == Bytes(1000));
    CHECK(profile.load_peak_bytes == Bytes(3000));
    CHECK(profile.stopping_rule.starts_with("relative-ci=0.01,min-time=1ms,cap=50ms: "));
    CHECK(profile.meter.starts_with("model:cpu-seconds (1 W idle, 3 W busy per core, +-50 %; test)"));
    CHECK(profile.date_utc.size() == 20);
    CHECK_FALSE(profile.limit_enforced);
    for (const std::string* text : {&profile.blas, &profile.allocator, &profile.cpu, &profile.machine}) {
        CHECK_FALSE(text->empty());
    }

    REQUIRE(profile.layers.size() >= 3);
    CHECK(profile.whole_median > 0ns);
    Nanoseconds cpu{0};
    for (const LayerProfile& layer : profile.layers) {
        CAPTURE(layer.name);
        CHECK(layer.latency_min <= layer.latency_q1);
        CHECK(layer.latency_q1 <= layer.latency_median);
        CHECK(layer.latency_median <= layer.latency_q3);
        CHECK(layer.samples > 0);
        CHECK(layer.energy.has_value());
        cpu += layer.cpu_mean;
    }
    CHECK(static_cast<double>(cpu.count()) ==
          doctest::Approx(static_cast<double>(profile.whole_cpu_mean.count())).epsilon(1e-3));

    for (const std::string name :
         {"output-equality", "sum-of-layers", "marks-overhead", "cpu-share", "chain-equality"}) {
        CAPTURE(name);
        REQUIRE(check_named(profile, name) != nullptr);
    }
    CHECK(check_named(profile, "output-equality")->passed);
    CHECK(check_named(profile, "chain-equality")->passed);
    CHECK(profile.boundary.fixed_ns >= 0);
    CHECK(profile.boundary.per_byte_ns >= 0);
    CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("without splits nothing is extracted, and memory is said to be rough") {
    const TemporaryFolder folder;
    ProfilerOptions options = tiny_options(folder);
    options.split_checks = false;
    options.split.folder = "/nonexistent";
    const Profile profile = profile_model(options, ignore_progress);
    CHECK(profile.boundary == BoundaryCost{0, 0});
    CHECK(check_named(profile, "chain-equality") == nullptr);
    CHECK(profile.environment.at("memory-source").starts_with("profiling process"));
    CHECK(profile.load_peak_bytes.value() > 0);
}

TEST_CASE("what stops the progress stops the measurement, and leaves no file") {
    const TemporaryFolder folder;
    int calls = 0;
    const auto stop_late = [&](const std::string&, double) {
        if (++calls > 40) throw Interrupted();
    };
    CHECK_THROWS_AS(profile_model(tiny_options(folder), stop_late), Interrupted);
    CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a stage's memory is probed where it runs") {
    const TemporaryFolder folder;
    const ProfilerOptions options = tiny_options(folder);
    const Model model = Model::load(options.model_path, options.model);
    const std::string stage = folder.file("stage.pt");
    model.extract_stage({0, model.layers().size()}, stage);
    const StageMemory memory = probe_stage_memory(stage, model.execution() == "optimised", 1);
    CHECK(memory.base.value() > 0);
    CHECK(memory.peak >= memory.base);
}

}  // namespace carbonedge
