#pragma once

#include "benchmarks/rapl/power_curve.h"
#include "lib/units/quantity.h"

#include <sys/types.h>
#include <cstdint>
#include <string>
#include <vector>

namespace carbonedge::rapl {

/// What the live tree does beside counting.
struct Disturbance {
    double freeze_every = 0;  ///< seconds; 0: never. The counter stands still ...
    double freeze_for = 0;    ///< ... so long, then jumps to where it should be
    double blank_every = 0;   ///< seconds; 0: never. The file is empty ...
    double blank_for = 0;     ///< ... so long: every read fails
};

/// A powercap tree in memory whose energy_uj another process rewrites once a millisecond along a known curve, as the
/// hardware does: at the tick the counter takes the energy used so far, and keeps it until the next.
class LivePowercap {
public:
    /// A package that also uses `watts` for every CPU second of this process, or of what it becomes by exec. Writing
    /// goes on until that has ended; then the tree is removed.
    struct FollowMe {
        double watts;
    };
    LivePowercap(const Rectangles& curve, const FollowMe& follow);

    /// One package that wraps at `range` microjoules and starts at `first`.
    LivePowercap(const Rectangles& curve, std::uint64_t range, std::uint64_t first,
                 const Disturbance& disturbance = {});
    LivePowercap(const LivePowercap&) = delete;
    LivePowercap& operator=(const LivePowercap&) = delete;
    ~LivePowercap();

    /// What takes the place of /sys.
    [[nodiscard]] std::string sys_root() const { return folder_ + "/sys"; }
    /// Joules truly used between two moments of CLOCK_MONOTONIC_RAW.
    [[nodiscard]] double truth(Nanoseconds begin, Nanoseconds end) const;
    /// False where the writing process was itself kept from running around one of these moments and updated late, which
    /// no hardware does: what was read then says nothing about the reader.
    [[nodiscard]] bool was_punctual(Nanoseconds begin, Nanoseconds end) const;

    struct Lateness;  ///< shared with the writing process

private:
    Rectangles curve_;
    Lateness* lateness_ = nullptr;
    Nanoseconds zero_{0};
    std::string folder_;
    pid_t writer_ = -1;
    bool keeps_running_ = false;

    void start(std::uint64_t range, std::uint64_t first, const Disturbance& disturbance, double watts_of_parent);
};

}  // namespace carbonedge::rapl
