#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// Finds counters that show one and the same sensor: the dies of some AMD processors each report the whole package, and
/// a sum over them doubles the watts (137 W for 68 W). Two counters count as one when they moved and stood at the very
/// same absolute value at least `evidence` times, and nearly never apart: an update that falls between the two reads
/// of a pair tears them apart once in a thousand looks.
class MirroredCounters {
public:
    /// `groups`: counters are compared only within one group ("package" with "package").
    explicit MirroredCounters(std::vector<std::string> groups, int evidence = 3);

    /// The values of one look at all counters, absent where a read failed.
    void observe(const std::vector<std::optional<std::uint64_t>>& values);

    /// The first counter that this one repeats, if any.
    [[nodiscard]] std::optional<std::size_t> original_of(std::size_t counter) const;
    /// True where some two are in one group, so that looking is worthwhile.
    [[nodiscard]] bool has_pairs() const { return !pairs_.empty(); }

private:
    struct Pair {
        std::size_t first;
        std::size_t second;
        std::uint64_t last_first = 0;
        int equal = 0;
        int apart = 0;
    };
    std::vector<Pair> pairs_;
    int evidence_;
};

}  // namespace carbonedge
