#pragma once

#include "lib/units/index.h"
#include "lib/units/quantity.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// How a number of joules was obtained. Never mixed silently (docs/measuring.md).
enum class Provenance { kMeasured, kEstimated };

std::string_view provenance_name(Provenance provenance);  ///< "measured", "estimated"

/// Joules with how well they are known and where they come from.
struct EnergyReading {
    Joules joules;
    Joules uncertainty;  ///< half width of a 95 % interval (measured) or of the model's band (estimated)
    Provenance provenance = Provenance::kEstimated;
    std::string source;    ///< "model:cpu-seconds", "rapl-powercap", ...
    std::string boundary;  ///< "core-dynamic", "package+dram", ...

    bool operator==(const EnergyReading&) const = default;
};

/// A tensor that flows between layers. Ids are unique in a profile; network inputs have ids too.
struct ValueRef {
    std::int64_t id = 0;
    Bytes bytes;

    bool operator==(const ValueRef&) const = default;
};

/// One row: what executes as a unit, in topological order. Latency is of one forward pass, unthrottled, warm.
struct LayerProfile {
    std::string name;                  ///< module path, "features.3.conv.0"; "#2" appended on a second call of a module
    std::string type;                  ///< "Conv2d"
    std::vector<std::string> folded;   ///< further module paths executed inside this row (fused batch norm, ReLU, ...)
    std::vector<std::int64_t> inputs;  ///< ids of the values it reads
    std::vector<ValueRef> outputs;     ///< values it makes that a later row or the network's output reads
    bool cut_after = true;             ///< false where what would cross cannot be shipped; reason in `cut_reason`
    std::string cut_reason;
    std::int64_t parameters = 0;
    std::int64_t macs = 0;  ///< multiply-accumulates of one forward pass
    Bytes weight_bytes;
    Bytes activation_bytes;  ///< its outputs together
    Bytes peak_bytes;        ///< largest live activation memory while it runs
    Nanoseconds latency_median{0};
    Nanoseconds latency_q1{0};
    Nanoseconds latency_q3{0};
    Nanoseconds latency_min{0};
    Nanoseconds latency_mean{0};
    std::int64_t samples = 0;
    Nanoseconds cpu_mean{0};              ///< CPU time of one pass, all threads
    std::optional<EnergyReading> energy;  ///< absent: not measured

    bool operator==(const LayerProfile&) const = default;
};

/// Cost of entering or leaving a stage that is not in any row: a fixed part and a part per byte crossing.
struct BoundaryCost {
    double fixed_ns = 0;
    double per_byte_ns = 0;

    bool operator==(const BoundaryCost&) const = default;
};

/// Result of one self-check that the profiler ran, e.g. sum of the rows against the whole.
struct ProfileCheck {
    std::string name;  ///< "sum-of-layers", "cpu-share", "output-equality", ...
    double value = 0;  ///< in the unit that the name's entry in docs/formats.md states
    double limit = 0;
    bool passed = false;
    std::string remark;

    bool operator==(const ProfileCheck&) const = default;
};

/// The measured table of one model on one kind of node, schema carbonedge.profile/1.
struct Profile {
    // Header, one `# key: JSON value` line each.
    std::string tool_version;
    std::string model_name;  ///< file name without folder
    std::string model_sha256;
    std::vector<std::string> inputs;  ///< input specs as typed (docs/formats.md); the first axis holds the batch
    std::vector<ValueRef> input_values;
    std::vector<std::int64_t> output_values;  ///< ids of what the network returns
    std::string execution = "optimised";      ///< "optimised" or "frozen"
    std::string execution_reason;             ///< why frozen
    int threads = 1;
    std::string blas;
    std::string allocator;
    std::string cpu;
    std::string machine;
    std::string date_utc;   ///< ISO 8601
    double cpus_limit = 0;  ///< 0: none
    Bytes memory_limit;     ///< 0: none
    bool limit_enforced = false;
    std::string meter;
    std::string stopping_rule;    ///< "relative-ci=0.01,min-time=1s,cap=10s" and how it ended
    Nanoseconds whole_median{0};  ///< the undivided model in the same session
    Nanoseconds whole_mean{0};
    Nanoseconds whole_cpu_mean{0};
    Bytes runtime_base_bytes;  ///< resident memory of a node process before any stage is loaded
    Bytes load_peak_bytes;     ///< resident peak while the whole model was loaded and run
    BoundaryCost boundary;
    std::vector<ProfileCheck> checks;
    std::vector<std::string> warnings;
    std::map<std::string, std::string> environment;  ///< further recorded facts, sorted by key

    std::vector<LayerProfile> layers;

    bool operator==(const Profile&) const = default;
};

}  // namespace carbonedge
