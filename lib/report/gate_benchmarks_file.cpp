#include "lib/report/gate_benchmarks.h"
#include "lib/report/gate_document.h"

#include <fmt/format.h>
#include <cmath>
#include <nlohmann/json.hpp>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

/// Bencher's own measure "latency" is in nanoseconds, and small numbers of seconds read badly in charts.
double charted(const GateFinding& finding) {
    constexpr double kNanosecondsPerSecond = 1e9;
    const bool is_time = metric_report_unit(finding.key.metric) == Unit::kTime;
    return is_time ? finding.current * kNanosecondsPerSecond : finding.current;
}

bool has_value(const GateFinding& finding) { return finding.current_units > 0 && std::isfinite(finding.current); }

/// With the bounds of the gate's interval, where it has them: what Bencher draws around a value.
Json bencher_metric(const GateFinding& finding) {
    Json metric;
    metric["value"] = charted(finding);
    const bool bounded = finding.change_low && finding.change_high && std::isfinite(*finding.change_low) &&
                         std::isfinite(*finding.change_high) && *finding.change_low < *finding.change_high;
    if (!bounded) return metric;
    const auto bound = [&](double change) {
        GateFinding at = finding;
        at.current = finding.baseline * (1 + change);
        return charted(at);
    };
    metric["lower_value"] = bound(*finding.change_low);
    metric["upper_value"] = bound(*finding.change_high);
    return metric;
}

std::string benchmark_name(const QuantityKey& key) {
    if (key.scope == GateScope::kTotal) return "total";
    return fmt::format("{} {}", gate_scope_name(key.scope), key.name);
}

std::string text_of(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

std::string gate_as_github_benchmark(const GateVerdict& verdict) {
    Json all = Json::array();
    for (const GateFinding& finding : verdict.findings) {
        if (!has_value(finding)) continue;
        Json one;
        one["name"] = quantity_text(finding.key);
        one["unit"] = exact_unit(metric_report_unit(finding.key.metric));
        one["value"] = charted(finding);
        one["extra"] =
            fmt::format("{}: {}", gate_outcome_name(finding.outcome), gate_finding_text(finding, verdict.confidence));
        all.push_back(std::move(one));
    }
    return text_of(all);
}

std::string gate_as_bencher(const GateVerdict& verdict) {
    Json all = Json::object();
    for (const GateFinding& finding : verdict.findings) {
        if (!has_value(finding)) continue;
        all[benchmark_name(finding.key)][std::string(gate_metric_name(finding.key.metric))] = bencher_metric(finding);
    }
    return text_of(all);
}

}  // namespace carbonedge
