#pragma once

#include "lib/units/quantity.h"

#include <memory>
#include <string>

namespace carbonedge {

struct ResourceLimit {
    double cpus = 0;  ///< 0: none
    Nanoseconds quota_period{100'000'000};
    Bytes memory;  ///< 0: none
};

/// A control group that holds processes to a limit, cgroup v1 or v2, whichever is mounted and writable. Removed, with
/// whatever still runs in it killed, when this object goes.
class LimitGroup {
public:
    /// Never throws for lack of permission: `enforced()` is then false and `mechanism()` says why and what helps.
    static LimitGroup create(const std::string& name, const ResourceLimit& limit);
    LimitGroup(LimitGroup&&) noexcept;
    LimitGroup& operator=(LimitGroup&&) noexcept;
    ~LimitGroup();

    [[nodiscard]] bool enforced() const;
    [[nodiscard]] const std::string& mechanism() const;  ///< "cgroup-v1", "cgroup-v2" or the reason for none
    void add_process(int pid) const;                     ///< all threads of it, later ones too
    [[nodiscard]] Nanoseconds cpu_time() const;          ///< of all processes ever in it; 0 where not enforced
    [[nodiscard]] Nanoseconds throttled_time() const;
    [[nodiscard]] Bytes peak_memory() const;

private:
    struct State;
    explicit LimitGroup(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace carbonedge
