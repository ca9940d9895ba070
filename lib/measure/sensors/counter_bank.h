#pragma once

#include "lib/units/quantity.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// How a domain stands to the total of its bank.
enum class CounterRole {
    kSummed,    ///< disjoint from the other summed ones: packages, DRAM, GPUs
    kInside,    ///< a part of a summed one (core, uncore): shown, never added
    kPlatform,  ///< around or beside all of them (psys): a boundary of its own
    kUnknown,   ///< a name that we do not know: shown, never added
};

/// One cumulative energy counter.
struct CounterDomain {
    std::string name;      ///< unique in the bank: "package-0", "package-1/dram"
    std::string boundary;  ///< "package", "dram", "core", "uncore", "platform", "gpu", "socket"
    CounterRole role = CounterRole::kUnknown;
    double joules_per_unit = 1e-6;
    std::optional<std::uint64_t> range;  ///< the value at which it starts again from 0; absent: it never does
    Watts limit{0.0};                    ///< the most it is rated for; 0 where unknown
    std::string problem;                 ///< why it can never be read, with the remedy; empty: it can
};

/// A source of cumulative counters: powercap, the perf power PMU, amd_energy, NVML. Wraps, edges, gaps, mirrors and
/// absurd readings are CounterMeter's matter, alike for all.
class CounterBank {
public:
    virtual ~CounterBank() = default;
    [[nodiscard]] virtual std::string name() const = 0;  ///< "rapl-powercap"
    [[nodiscard]] virtual Nanoseconds update_period() const = 0;
    [[nodiscard]] virtual const std::vector<CounterDomain>& domains() const = 0;
    /// The counter's value now; nothing, and why in `problem`, where it cannot be read. Never a zero for an error.
    virtual std::optional<std::uint64_t> read(std::size_t domain, std::string& problem) = 0;
    /// What a reader of its joules must know ("multiplexed: ...").
    [[nodiscard]] virtual std::vector<std::string> flags() const { return {}; }
};

}  // namespace carbonedge
