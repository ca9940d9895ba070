#pragma once

#include "lib/units/quantity.h"

#include <atomic>
#include <cstdint>
#include <functional>

namespace carbonedge {

/// A number in shared memory that one side changes and the other waits for. Lies in memory that starts as zeros.
struct SharedNumber {
    std::atomic<std::uint32_t> value;
    std::atomic<std::uint32_t> sleepers;

    /// Adds one and wakes whoever sleeps.
    void advance();
    /// Wakes whoever sleeps, to look again.
    void wake();
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

/// Waits for a SharedNumber: looks again and again for some microseconds where that has paid lately, then sleeps. Every
/// look in vain halves the time of the next, so that nothing is spent where messages are far apart, or where the other
/// process waits for this one's core; now and then it is tried anew.
class AdaptiveWait {
public:
    /// Two wake-ups of a sleeping thread take about this.
    static constexpr Nanoseconds kLongestSpin{20'000};
    /// A peer that is killed wakes nobody: `gone` is asked this often.
    static constexpr Nanoseconds kLook{100'000'000};

    /// True once `number` is not `seen`; false where `gone()` says so or at `deadline` (CLOCK_MONOTONIC; 0: none).
    bool wait(SharedNumber& number, std::uint32_t seen, Nanoseconds deadline, const std::function<bool()>& gone);

private:
    Nanoseconds spin_{kLongestSpin};
    int sleeps_ = 0;  ///< since spinning was last tried
};

}  // namespace carbonedge
