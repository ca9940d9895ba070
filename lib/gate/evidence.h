#pragma once

#include "lib/carbon/causes.h"
#include "lib/gate/gated_quantity.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// One number of one file, in the metric's SI unit.
struct EvidenceQuantity {
    QuantityKey key;
    std::vector<double> units;    ///< one value a run or round; those of one file are in order
    std::vector<double> samples;  ///< raw, of a single run; may be empty
    double standard_error = 0;    ///< of a single run without samples; 0: not known
    bool exact = false;           ///< computed or counted: it has no noise

    bool operator==(const EvidenceQuantity&) const = default;
};

/// What tells a renamed layer from another one.
struct EvidenceLayer {
    std::string name;
    std::string type;
    std::int64_t macs = 0;
    std::int64_t parameters = 0;
    std::int64_t output_bytes = 0;

    bool operator==(const EvidenceLayer&) const = default;
};

/// What one side of one file says, reduced to what a gate compares and a history keeps.
struct Evidence {
    std::string name;  ///< where it was read from
    std::string kind;  ///< "profile" (samples too), "plan", "run"
    std::string date_utc;
    std::string model;                           ///< "mobilenet_v2.pt b4a055dc55a7"
    std::map<std::string, std::string> aspects;  ///< what must be alike to be compared: "hardware", "inputs", ...
    std::vector<EvidenceQuantity> quantities;
    std::vector<EvidenceLayer> layers;     ///< in topological order; empty for plans and runs
    std::optional<CarbonFactors> factors;  ///< of one inference, where joules are known; mean over the units

    bool operator==(const Evidence&) const = default;
};

/// Both sides of one comparison. Where `interleaved`, there is one evidence a side, and units[i] of both are one round.
struct EvidencePair {
    std::vector<Evidence> baseline;
    std::vector<Evidence> current;
    bool interleaved = false;
    bool baseline_spans_sessions = false;  ///< the runs of a history: taken at different times
};

/// Whether a difference in this aspect forbids comparing this metric: how joules were obtained does not matter to a
/// latency.
bool aspect_concerns(const std::string& aspect, GateMetric metric);
/// Every aspect that an evidence may have: what --allow takes.
std::vector<std::string> gate_aspects();

}  // namespace carbonedge
