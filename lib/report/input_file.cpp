#include "lib/report/input_file.h"

#include "lib/base/errors.h"
#include "lib/formats/schema.h"
#include "lib/partition/plan_file.h"
#include "lib/profile/profile_file.h"
#include "lib/profile/samples_file.h"
#include "lib/runlog/run_log_file.h"

#include <fmt/format.h>
#include <optional>

namespace carbonedge {
namespace {

constexpr std::string_view kExpected =
    "expected a plan, a run log, a profile, samples or a partition of carbonedge, or JSON of Google Benchmark or "
    "hyperfine";

/// "carbonedge.plan" of "carbonedge.plan/1": a version that is not known is the reader's to refuse.
std::string_view schema_stem(std::string_view schema) { return schema.substr(0, schema.find('/')); }

Subject run_subject(std::string_view text, const std::string& file) {
    RunLog run = read_run_log(text, file);
    Plan plan;
    try {
        plan = read_plan(run.header.plan_json, file);
    } catch (const InputError& error) {
        throw InputError(file, 1, "the plan it carries cannot be used: " + error.problem());
    }
    const std::string name = plan.name;
    return {name, std::move(plan), std::move(run)};
}

}  // namespace

ReportInput read_report_input(std::string_view text, const std::string& file) {
    if (text.empty()) throw InputError(file, 0, fmt::format("is empty, {}", kExpected));
    const std::string schema = schema_of(text);
    const std::string_view stem = schema_stem(schema);
    if (stem == "carbonedge.run") return run_subject(text, file);
    if (stem == "carbonedge.profile") return read_profile(text, file);
    if (stem == "carbonedge.samples") return read_samples(text, file);
    if (stem == "carbonedge.partition") return read_partition(text, file);
    if (stem == "carbonedge.plan") {
        Plan plan = read_plan(text, file);
        const std::string name = plan.name;
        return Subject{name, std::move(plan), std::nullopt};
    }
    if (schema.empty() && looks_like_benchmarks(text)) return read_benchmarks(text, file);
    throw InputError(file, 1,
                     schema.empty() ? fmt::format("has no schema, {}", kExpected)
                                    : fmt::format("has the schema '{}', {}", schema, kExpected));
}

std::string_view report_input_kind(const ReportInput& input) {
    if (std::holds_alternative<Profile>(input)) return "profile";
    if (std::holds_alternative<Partition>(input)) return "partition";
    if (std::holds_alternative<Samples>(input)) return "samples";
    if (std::holds_alternative<BenchmarkTimings>(input)) return "file of benchmarks";
    return std::get<Subject>(input).run ? "run" : "plan";
}

}  // namespace carbonedge
