#include "tools/profile/summary.h"

#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <numeric>
#include <vector>

namespace carbonedge {
namespace {

constexpr std::size_t kSlowest = 5;

std::string time_text(Nanoseconds time) { return duration_text(to_seconds(time)); }

std::string energy_line(const Profile& profile) {
    Joules joules;
    Joules uncertainty;
    for (const LayerProfile& layer : profile.layers) {
        if (!layer.energy) return "";
        joules += layer.energy->joules;
        uncertainty += layer.energy->uncertainty;
    }
    const bool measured = !profile.layers.empty() && profile.layers[0].energy->provenance == Provenance::kMeasured;
    return fmt::format("energy: {} +- {} an inference, {} by {}\n", energy_text(joules), energy_text(uncertainty),
                       measured ? "measured" : "estimated", profile.meter);
}

std::string slowest_lines(const Profile& profile) {
    std::vector<std::size_t> order(profile.layers.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
        return profile.layers[left].latency_median > profile.layers[right].latency_median;
    });
    order.resize(std::min(order.size(), kSlowest));
    std::string text = "slowest layers:\n";
    for (const std::size_t row : order) {
        const LayerProfile& layer = profile.layers[row];
        text += fmt::format("  {:>9}  {:>4.1f} %  {} ({})\n", time_text(layer.latency_median),
                            100.0 * static_cast<double>(layer.latency_median.count()) /
                                static_cast<double>(std::max<std::int64_t>(1, profile.whole_median.count())),
                            layer.name, layer.type);
    }
    return text;
}

std::string check_lines(const Profile& profile) {
    std::size_t passed = 0;
    std::string failed;
    for (const ProfileCheck& check : profile.checks) {
        if (check.passed) {
            ++passed;
        } else {
            failed += fmt::format("check failed: {}: {:.4g}, limit {:.4g} ({})\n", check.name, check.value, check.limit,
                                  check.remark);
        }
    }
    return fmt::format("checks: {} of {} passed\n", passed, profile.checks.size()) + failed;
}

}  // namespace

std::string profile_summary(const Profile& profile) {
    Nanoseconds sum{0};
    std::int64_t samples = 0;
    for (const LayerProfile& layer : profile.layers) {
        sum += layer.latency_median;
        samples = std::max(samples, layer.samples);
    }
    std::string text = fmt::format("{}: {} layers, {}, {} thread{}\n", profile.model_name, profile.layers.size(),
                                   profile.execution, profile.threads, profile.threads == 1 ? "" : "s");
    text += fmt::format("whole: {} (median of {} passes), cpu {}, layers sum to {}\n", time_text(profile.whole_median),
                        samples, time_text(profile.whole_cpu_mean), time_text(sum));
    text += energy_line(profile);
    if (profile.load_peak_bytes.value() > 0) {
        text += fmt::format("memory: {} before, at most {} with the model loaded and run\n",
                            bytes_text(profile.runtime_base_bytes), bytes_text(profile.load_peak_bytes));
    }
    text += slowest_lines(profile) + check_lines(profile);
    for (const std::string& warning : profile.warnings) text += "warning: " + warning + "\n";
    return text;
}

}  // namespace carbonedge
