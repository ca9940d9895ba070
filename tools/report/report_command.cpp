#include "tools/report/report_command.h"

#include "lib/base/atomic_file.h"
#include "lib/base/spelling.h"
#include "lib/report/comparability.h"
#include "lib/report/comparison.h"
#include "lib/report/descriptions.h"
#include "lib/report/impact_framework.h"
#include "lib/report/input_file.h"
#include "lib/report/pictures_of.h"
#include "tools/report/gate_command.h"
#include "tools/report/history_command.h"
#include "tools/report/picture_rendering.h"
#include "tools/report/read_inputs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <ostream>
#include <utility>

namespace carbonedge {
namespace {

void check_aspects(const std::vector<std::string>& names) {
    const std::vector<std::string> known = comparison_aspects();
    for (const std::string& name : names) {
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            throw UsageError("--allow-mixed: " + unknown_name_message("aspect", name, known));
        }
    }
}

constexpr std::string_view kImpactFramework = "impact-framework";

std::string manifest_usage(std::size_t files) {
    return fmt::format(
        "--format {}: {}; a manifest is made of one plan or one run", kImpactFramework,
        files == 0 ? "this file has no joules of an inference" : fmt::format("{} files are given", files));
}

/// Several inputs as subjects of one comparison. A plan that a given run has executed adds nothing and is left out.
std::vector<Subject> to_subjects(std::vector<ReportInput> inputs, const std::vector<std::string>& files) {
    std::vector<Subject> all;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        auto* subject = std::get_if<Subject>(&inputs[i]);
        if (subject == nullptr) {
            throw UsageError(fmt::format("{} is a {}: several files are compared only where all are plans or runs",
                                         files[i], report_input_kind(inputs[i])));
        }
        all.push_back(std::move(*subject));
    }
    std::vector<Subject> kept;
    std::vector<std::string> kept_files;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const bool executed = !all[i].run && std::any_of(all.begin(), all.end(), [&](const Subject& other) {
            return other.run && other.plan == all[i].plan;
        });
        if (executed) continue;
        kept.push_back(all[i]);
        kept_files.push_back(files[i]);
    }
    name_subjects(kept, kept_files);
    return kept;
}

Document describe(const ReportInput& input, std::uint64_t seed) {
    if (const auto* profile = std::get_if<Profile>(&input)) return describe_profile(*profile);
    if (const auto* partition = std::get_if<Partition>(&input)) return describe_partition(*partition);
    if (const auto* samples = std::get_if<Samples>(&input)) return describe_samples(*samples);
    if (const auto* timings = std::get_if<BenchmarkTimings>(&input)) return describe_benchmarks(*timings);
    const auto& subject = std::get<Subject>(input);
    return subject.run ? describe_run(subject, seed) : describe_plan(subject);
}

/// One line for all that may not be compared; "" where all may.
std::string refusal(const std::vector<Subject>& subjects, const std::vector<std::string>& allowed) {
    std::vector<std::string> texts;
    std::vector<std::string> aspects;
    for (const Mixture& mixture : comparison_mixtures(subjects)) {
        if (std::find(allowed.begin(), allowed.end(), mixture.aspect) != allowed.end()) continue;
        texts.push_back(mixture_text(mixture));
        aspects.push_back(mixture.aspect);
    }
    if (texts.empty()) return "";
    return fmt::format("not comparable: {}; --allow-mixed {} compares all the same", fmt::join(texts, "; "),
                       fmt::join(aspects, ","));
}

ExitStatus verdict(const std::vector<Subject>& subjects, bool quiet, std::ostream& err) {
    ExitStatus status = ExitStatus::kOk;
    for (const Subject& subject : subjects) {
        const std::int64_t failed = subject.run ? failed_requests(*subject.run) : 0;
        if (failed == 0) continue;
        status = ExitStatus::kNegativeVerdict;
        if (!quiet) {
            err << fmt::format("carbonedge-report: {}: {} of {} requests failed\n", subject.name, failed,
                               subject.run->requests.size());
        }
    }
    return status;
}

}  // namespace

ExitStatus report(const ReportOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    check_aspects(options.allowed_mixed);
    if (!options.gate.empty()) return gate_command(options, in, out, err);
    if (!options.history.empty()) return history_command(options, in, out, err);
    std::vector<ReportInput> inputs = read_report_inputs(options.files, in);
    const RenderingOptions rendering{options.table, options.picture, options.plot, options.width};
    const auto write = [&](Document document, const PictureSource& pictures) {
        write_output(options.standard.output, options.standard.overwrite,
                     render_report(std::move(document), options.standard, rendering, pictures), out);
    };
    const std::uint64_t seed = options.standard.seed;
    const bool single = inputs.size() == 1;
    if (single && !std::holds_alternative<Subject>(inputs.front())) {
        if (options.standard.format == kImpactFramework) throw UsageError(manifest_usage(0));
        write(describe(inputs.front(), seed), [&] {
            if (const auto* profile = std::get_if<Profile>(&inputs.front())) return pictures_of_profile(*profile);
            const auto* partition = std::get_if<Partition>(&inputs.front());
            return partition != nullptr ? pictures_of_partition(*partition) : std::vector<Picture>();
        });
        return ExitStatus::kOk;
    }
    const std::vector<Subject> subjects = to_subjects(std::move(inputs), options.files);
    if (options.standard.format == kImpactFramework) {
        if (subjects.size() > 1) throw UsageError(manifest_usage(options.files.size()));
        write_output(options.standard.output, options.standard.overwrite, as_impact_framework(subjects.front()), out);
        return verdict(subjects, options.standard.quiet, err);
    }
    if (subjects.size() == 1) {
        write(describe(subjects.front(), seed), [&] { return pictures_of_subject(subjects.front(), seed); });
        return verdict(subjects, options.standard.quiet, err);
    }
    if (const std::string problem = refusal(subjects, options.allowed_mixed); !problem.empty()) {
        err << "carbonedge-report: " << problem << "\n";
        return ExitStatus::kInconclusive;
    }
    const std::vector<FrontPlan> front =
        options.front.empty() ? std::vector<FrontPlan>() : read_front(read_input(options.front, in), options.front);
    write(compare(subjects, {options.baseline, seed}),
          [&] { return pictures_of_comparison(subjects, find_baseline(subjects, options.baseline), front, seed); });
    return verdict(subjects, options.standard.quiet, err);
}

}  // namespace carbonedge
