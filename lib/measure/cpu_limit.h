#pragma once

#include "lib/measure/cgroup_tree.h"
#include "lib/units/quantity.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace carbonedge {

struct ResourceLimit {
    double cpus = 0;  ///< 0: none
    Nanoseconds quota_period{100'000'000};
    Bytes memory{};  ///< 0: none
};

/// A control group that holds processes to a limit, cgroup v1 or v2, whichever is mounted and writable. Removed, with
/// whatever still runs in it killed, when this object goes.
class LimitGroup {
public:
    /// Never throws for lack of permission: `enforced()` is then false and `mechanism()` says why and what helps.
    /// Throws UsageError for a limit that no kernel takes (a quota below 1 ms a period, a period outside 1 ms to 1 s).
    /// `name` is of letters, digits and dashes; the group's own name is made unique.
    static LimitGroup create(const std::string& name, const ResourceLimit& limit);
    static LimitGroup create(const std::string& name, const ResourceLimit& limit, const CgroupSite& site);
    LimitGroup(LimitGroup&&) noexcept;
    LimitGroup& operator=(LimitGroup&&) noexcept;
    ~LimitGroup();

    [[nodiscard]] bool enforced() const;
    [[nodiscard]] const std::string& mechanism() const;  ///< "cgroup-v1", "cgroup-v2" or the reason for none
    /// All threads of it, later ones too. Memory it took before stays charged where it was, so a process is best added
    /// before it executes its program. Does nothing where not enforced; throws EnvironmentError where it is refused.
    void add_process(int pid) const;
    [[nodiscard]] Nanoseconds cpu_time() const;  ///< of all processes ever in it; 0 where not enforced
    [[nodiscard]] Nanoseconds throttled_time() const;
    [[nodiscard]] std::int64_t throttled_periods() const;
    [[nodiscard]] Bytes peak_memory() const;  ///< 0 where the kernel does not tell (v2 before 5.19)
    [[nodiscard]] std::int64_t out_of_memory_kills() const;
    [[nodiscard]] std::vector<int> processes() const;

private:
    struct State;
    explicit LimitGroup(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace carbonedge
