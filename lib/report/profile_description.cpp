#include "lib/report/descriptions.h"
#include "lib/report/opening.h"
#include "lib/report/sections.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <numeric>

namespace carbonedge {
namespace {

FactList profile_facts(const Profile& profile, Nanoseconds sum) {
    FactList facts{"profile", "", {}};
    facts.add("model", "model", Unit::kText, profile.model_name);
    facts.add("model_sha256", "model SHA-256", Unit::kText, profile.model_sha256);
    facts.add("inputs", "inputs", Unit::kText, fmt::format("{}", fmt::join(profile.inputs, " ")));
    facts.add("layers", "rows", Unit::kCount, static_cast<std::int64_t>(profile.layers.size()));
    facts.add("whole_median", "whole model, median", Unit::kTime, profile.whole_median);
    facts.add("whole_mean", "whole model, mean", Unit::kTime, profile.whole_mean);
    facts.add("rows_sum", "sum of the rows", Unit::kTime, sum);
    facts.add("whole_cpu_mean", "whole model, CPU", Unit::kTime, profile.whole_cpu_mean);
    facts.add("boundary_fixed", "cost of a stage border", Unit::kTime,
              Nanoseconds(static_cast<std::int64_t>(profile.boundary.fixed_ns + 0.5)));
    facts.add("boundary_per_byte_ns", "and of a byte crossing it (ns)", Unit::kNumber, profile.boundary.per_byte_ns);
    facts.add("execution", "execution", Unit::kText,
              profile.execution_reason.empty() ? profile.execution
                                               : fmt::format("{}: {}", profile.execution, profile.execution_reason));
    facts.add("threads", "threads", Unit::kCount, static_cast<std::int64_t>(profile.threads));
    if (profile.cpus_limit > 0) {
        facts.add("cpus_limit", "CPU limit", Unit::kText,
                  fmt::format("{:g}{}", profile.cpus_limit, profile.limit_enforced ? "" : " (not enforced)"));
    }
    facts.add("load_peak", "memory, loaded and run", Unit::kSize, profile.load_peak_bytes);
    facts.add("runtime_base", "memory without a model", Unit::kSize, profile.runtime_base_bytes);
    facts.add("meter", "meter", Unit::kText, profile.meter);
    facts.add("stopping_rule", "stopping rule", Unit::kText, profile.stopping_rule);
    facts.add("blas", "BLAS", Unit::kText, profile.blas);
    facts.add("allocator", "allocator", Unit::kText, profile.allocator);
    facts.add("cpu", "CPU", Unit::kText, profile.cpu);
    facts.add("machine", "machine", Unit::kText, profile.machine);
    facts.add("date_utc", "date (UTC)", Unit::kText, profile.date_utc);
    facts.add("tool_version", "tool version", Unit::kText, profile.tool_version);
    return facts;
}

Table layer_table(const Profile& profile, Nanoseconds sum) {
    Table table{"layers", "Layers", {}, {}, {}};
    table.columns = {{"index", "#", Unit::kCount, "", false},
                     {"name", "layer", Unit::kText, "what", false},
                     {"type", "type", Unit::kText, "what", false},
                     {"parameters", "parameters", Unit::kCount, "size", false},
                     {"macs", "MACs", Unit::kCount, "size", false},
                     {"activation", "output", Unit::kSize, "size", false},
                     {"latency_median", "median", Unit::kTime, "time", false},
                     {"latency_iqr", "quartile range", Unit::kTime, "time", false},
                     {"latency_share", "share", Unit::kPercent, "time", false},
                     {"samples", "samples", Unit::kCount, "time", false},
                     {"cpu_mean", "CPU", Unit::kTime, "time", false},
                     {"energy", "energy", Unit::kEnergy, "energy", false},
                     {"energy_uncertainty", "+-", Unit::kEnergy, "energy", false},
                     {"energy_provenance", "joules are", Unit::kText, "energy", false},
                     {"crossing", "cut after carries", Unit::kSize, "cut", false},
                     {"cut", "no cut after because", Unit::kText, "cut", false}};
    const std::vector<Cut> cuts = find_cuts(profile);
    for (std::size_t i = 0; i < profile.layers.size(); ++i) {
        const LayerProfile& layer = profile.layers[i];
        TableRow row(table);
        row.set("index", static_cast<std::int64_t>(i));
        row.set("name", layer.name);
        row.set("type", layer.type);
        row.set("parameters", layer.parameters);
        row.set("macs", layer.macs);
        row.set("activation", layer.activation_bytes);
        row.set("latency_median", layer.latency_median);
        row.set("latency_iqr", layer.latency_q3 - layer.latency_q1);
        if (sum.count() > 0) row.set("latency_share", to_seconds(layer.latency_median) / to_seconds(sum) * 100);
        row.set("samples", layer.samples);
        row.set("cpu_mean", layer.cpu_mean);
        if (layer.energy) {
            row.set("energy", layer.energy->joules);
            row.set("energy_uncertainty", layer.energy->uncertainty);
            row.set("energy_provenance", std::string(provenance_name(layer.energy->provenance)));
        }
        if (i + 1 < cuts.size()) {
            row.set("crossing", cuts[i + 1].bytes);
            if (!cuts[i + 1].legal) row.set("cut", cuts[i + 1].reason);
        }
        row.add();
    }
    return table;
}

Table check_table(const Profile& profile) {
    Table table{"checks", "Checks", {}, {}, {}};
    table.columns = {{"check", "check", Unit::kText, "", false},
                     {"value", "value", Unit::kNumber, "", false},
                     {"limit", "limit", Unit::kNumber, "", false},
                     {"result", "result", Unit::kText, "", false},
                     {"remark", "remark", Unit::kText, "", false}};
    for (const ProfileCheck& check : profile.checks) {
        TableRow(table)
            .set("check", check.name)
            .set("value", check.value)
            .set("limit", check.limit)
            .set("result", std::string(check.passed ? "passed" : "FAILED"))
            .set("remark", check.remark)
            .add();
    }
    return table;
}

}  // namespace

Document describe_profile(const Profile& profile) {
    const auto sum = std::accumulate(profile.layers.begin(), profile.layers.end(), Nanoseconds(0),
                                     [](Nanoseconds total, const LayerProfile& l) { return total + l.latency_median; });
    Document document{"profile", fmt::format("Profile of {}", profile.model_name), {}, {}};
    document.sections.emplace_back(profile_facts(profile, sum));
    document.sections.emplace_back(layer_table(profile, sum));
    document.sections.emplace_back(check_table(profile));
    for (const std::string& warning : profile.warnings) document.notes.push_back("warning: " + warning);
    document.opening = opening_of_profile(profile);
    return document;
}

}  // namespace carbonedge
