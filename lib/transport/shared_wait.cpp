#include "lib/transport/shared_wait.h"

#include "lib/transport/clocks.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <climits>

namespace carbonedge {
namespace {

/// Below it a look at the clock costs more than it brings.
constexpr Nanoseconds kShortestSpin{1'000};
constexpr int kSleepsBetweenTries = 256;

void sleep_while(SharedNumber& number, std::uint32_t seen, Nanoseconds time) {
    timespec timeout{};
    timeout.tv_sec = static_cast<time_t>(time.count() / 1'000'000'000);
    timeout.tv_nsec = static_cast<long>(time.count() % 1'000'000'000);
    ::syscall(SYS_futex, &number.value, FUTEX_WAIT, seen, &timeout, nullptr, 0);
}

void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield" ::: "memory");
#endif
}

}  // namespace

void SharedNumber::advance() {
    value.fetch_add(1);
    if (sleepers.load() != 0) wake();
}

void SharedNumber::wake() { ::syscall(SYS_futex, &value, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0); }

bool AdaptiveWait::wait(SharedNumber& number, std::uint32_t seen, Nanoseconds deadline,
                        const std::function<bool()>& gone) {
    if (number.value.load() != seen) return true;
    const Nanoseconds start = now_monotonic();
    if (spin_ >= kShortestSpin) {
        constexpr int kLooks = 32;  // between two looks at the clock
        while (now_monotonic() - start < spin_) {
            for (int i = 0; i < kLooks; ++i) {
                if (number.value.load(std::memory_order_acquire) != seen) {
                    spin_ = kLongestSpin;
                    return true;
                }
                pause_briefly();
            }
        }
        spin_ /= 2;
        sleeps_ = 0;
    } else if (++sleeps_ == kSleepsBetweenTries) {
        spin_ = kLongestSpin;
        sleeps_ = 0;
    }
    bool came = false;
    number.sleepers.fetch_add(1);
    while (true) {
        came = number.value.load() != seen;
        if (came || gone()) break;
        const Nanoseconds now = now_monotonic();
        if (deadline > Nanoseconds(0) && now >= deadline) break;
        const Nanoseconds left = deadline > Nanoseconds(0) ? std::min(kLook, deadline - now) : kLook;
        sleep_while(number, seen, left);
    }
    number.sleepers.fetch_sub(1);
    return came || number.value.load() != seen;
}

}  // namespace carbonedge
