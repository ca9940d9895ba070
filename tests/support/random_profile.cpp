#include "tests/support/random_profile.h"

#include <array>
#include <cmath>

namespace carbonedge {
namespace {

std::int64_t count(SeededRandom& random) {
    switch (random.below(4)) {
        case 0:
            return 0;
        case 1:
            return static_cast<std::int64_t>(random.below(100));
        default:
            return static_cast<std::int64_t>(random.below(1'000'000'000'000));
    }
}

Nanoseconds time(SeededRandom& random) { return Nanoseconds(count(random)); }
Bytes size(SeededRandom& random) { return Bytes(count(random)); }
bool coin(SeededRandom& random) { return random.below(2) == 1; }

LayerProfile random_layer(SeededRandom& random, std::size_t index, std::vector<std::int64_t>& ids) {
    LayerProfile layer;
    layer.name = awkward_text(random) + "." + std::to_string(index);
    layer.type = awkward_text(random);
    for (std::uint64_t i = random.below(3); i > 0; --i) layer.folded.push_back("part " + std::to_string(i) + ",");
    for (std::uint64_t i = random.below(3); i > 0; --i) layer.inputs.push_back(ids[random.below(ids.size())]);
    for (std::uint64_t i = random.below(3); i > 0; --i) {
        ids.push_back(static_cast<std::int64_t>(ids.size() * 3));
        layer.outputs.push_back({ids.back(), size(random)});
    }
    layer.cut_after = coin(random);
    if (!layer.cut_after) layer.cut_reason = awkward_text(random);
    layer.parameters = count(random);
    layer.macs = count(random);
    layer.weight_bytes = size(random);
    layer.activation_bytes = size(random);
    layer.peak_bytes = size(random);
    layer.latency_median = time(random);
    layer.latency_q1 = time(random);
    layer.latency_q3 = time(random);
    layer.latency_min = time(random);
    layer.latency_mean = time(random);
    layer.samples = count(random);
    layer.cpu_mean = time(random);
    if (coin(random)) {
        layer.energy = EnergyReading{Joules(awkward_number(random, 1e6)), Joules(awkward_number(random, 1e6)),
                                     coin(random) ? Provenance::kMeasured : Provenance::kEstimated,
                                     awkward_text(random), awkward_text(random)};
    }
    return layer;
}

}  // namespace

std::string awkward_text(SeededRandom& random) {
    static const std::array<std::string, 12> kPieces{"conv", ".", " ",  "\"", ",",    "'",
                                                     "\\",   "#", "\n", "ü",  "\r\n", "\xF0\x9F\x8C\xB1"};
    std::string text;
    for (std::uint64_t i = random.below(6); i > 0; --i) text += kPieces[random.below(kPieces.size())];
    return text;
}

double awkward_number(SeededRandom& random, double largest) {
    switch (random.below(5)) {
        case 0:
            return 0;
        case 1:
            return std::floor(random.uniform(0, std::min(largest, 1e6)));
        case 2:
            return std::min(largest, std::pow(10.0, random.uniform(-300, 300)));
        default:
            return random.uniform(0, largest);
    }
}

Profile random_profile(SeededRandom& random, std::size_t layers) {
    Profile profile;
    profile.tool_version = "0.1.0";
    profile.model_name = awkward_text(random);
    profile.model_sha256 = "a1b2";
    for (std::uint64_t i = 1 + random.below(2); i > 0; --i) profile.inputs.push_back(awkward_text(random));
    std::vector<std::int64_t> ids;
    for (std::uint64_t i = 1 + random.below(3); i > 0; --i) {
        ids.push_back(static_cast<std::int64_t>(ids.size() * 3));
        profile.input_values.push_back({ids.back(), size(random)});
    }
    profile.execution = coin(random) ? "optimised" : "frozen";
    profile.execution_reason = awkward_text(random);
    profile.threads = static_cast<int>(1 + random.below(64));
    profile.blas = awkward_text(random);
    profile.allocator = awkward_text(random);
    profile.cpu = awkward_text(random);
    profile.machine = awkward_text(random);
    profile.date_utc = "2026-01-02T03:04:05Z";
    if (coin(random)) profile.cpus_limit = 0.01 + awkward_number(random, 64);
    if (coin(random)) profile.memory_limit = Bytes(1 + count(random));
    profile.limit_enforced = coin(random);
    profile.meter = awkward_text(random);
    profile.stopping_rule = awkward_text(random);
    profile.whole_median = time(random);
    profile.whole_mean = time(random);
    profile.whole_cpu_mean = time(random);
    profile.runtime_base_bytes = size(random);
    profile.load_peak_bytes = size(random);
    profile.boundary = {awkward_number(random, 1e9), awkward_number(random, 1e3)};
    for (std::uint64_t i = random.below(3); i > 0; --i) {
        profile.checks.push_back({awkward_text(random), -awkward_number(random, 1e308), awkward_number(random, 1e308),
                                  coin(random), awkward_text(random)});
        profile.warnings.push_back(awkward_text(random));
        profile.environment["key " + awkward_text(random)] = awkward_text(random);
    }
    for (std::size_t i = 0; i < layers; ++i) profile.layers.push_back(random_layer(random, i, ids));
    for (std::uint64_t i = random.below(3); i > 0; --i) profile.output_values.push_back(ids[random.below(ids.size())]);
    return profile;
}

}  // namespace carbonedge
