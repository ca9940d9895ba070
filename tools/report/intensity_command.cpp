#include "tools/report/intensity_command.h"

#include "lib/base/atomic_file.h"
#include "lib/report/input_file.h"
#include "lib/report/intensity_description.h"
#include "lib/report/pictures/intensity_picture.h"
#include "lib/report/runs_in_series.h"
#include "tools/report/picture_rendering.h"

#include <fmt/format.h>
#include <chrono>
#include <ostream>
#include <thread>

namespace carbonedge {
namespace {

constexpr std::size_t kGapsInText = 10;

FetchedIntensity fetch(const IntensityOptions& options) {
    FetchPolicy policy;
    policy.cache_folder = options.cache_folder;
    policy.sleep = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
    policy.now = [] { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); };
    policy.attempts = options.attempts;
    HttpLimits limits;
    limits.total_timeout = options.timeout;
    limits.connect_timeout = std::min(limits.connect_timeout, options.timeout);
    const auto client = make_http_client(limits);
    return fetch_intensity(options.query, secret_of(options.secret), *client, policy);
}

/// A year has thousands of samples: people get them when they ask.
void shorten_for_people(Document& document) {
    std::erase_if(document.sections, [&](const Section& section) {
        const auto* table = std::get_if<Table>(&section);
        if (table == nullptr) return false;
        return table->name == "samples" || (table->name == "gaps" && table->rows.size() > kGapsInText);
    });
    document.notes.emplace_back("--table samples and --table gaps print what is left out here");
}

/// The runs whose time the series may have seen.
std::vector<Subject> subjects_of(const IntensityOptions& options, std::istream& in) {
    std::vector<Subject> subjects;
    for (const std::string& file : options.runs) {
        ReportInput input = read_report_input(read_input(file, in), file);
        auto* subject = std::get_if<Subject>(&input);
        if (subject == nullptr || !subject->run)
            throw InputError(file, 1, fmt::format("is a {}, --run takes run logs", report_input_kind(input)));
        subjects.push_back(std::move(*subject));
    }
    return subjects;
}

/// When each run began, which is what somebody or something decided.
std::vector<IntensityDecision> decisions_of(std::span<const Subject> subjects, const IntensityOptions& options) {
    std::vector<IntensityDecision> decisions;
    for (std::size_t i = 0; i < subjects.size(); ++i) {
        const RunHeader& header = subjects[i].run->header;
        const std::optional<UtcSeconds> start = parse_utc(header.date_utc);
        if (!start) throw InputError(options.runs[i], 1, fmt::format("'{}' is no time", header.date_utc));
        decisions.push_back({*start, "run of " + (header.plan_name.empty() ? options.runs[i] : header.plan_name)});
    }
    return decisions;
}

ExitStatus show_countries(const IntensityOptions& options, std::istream& in, std::ostream& out) {
    const std::vector<CountryIntensity> table =
        options.country_table.empty()
            ? built_in_countries()
            : read_country_table(read_input(options.country_table, in), options.country_table);
    std::vector<CountryIntensity> shown;
    if (options.all_countries) shown = table;
    for (const std::string& code : options.countries) {
        if (!options.all_countries) shown.push_back(find_country(table, code));
    }
    write_output(options.standard.output, options.standard.overwrite,
                 render_report(describe_countries(shown), options.standard, {options.table, {}, {}, options.width},
                               [] { return std::vector<Picture>{}; }),
                 out);
    return ExitStatus::kOk;
}

}  // namespace

ExitStatus intensity(const IntensityOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    if (options.all_countries || !options.countries.empty()) return show_countries(options, in, out);
    std::optional<FetchedIntensity> fetched;
    if (options.service) fetched = fetch(options);
    const IntensitySeries series =
        fetched ? fetched->series
                : read_intensity(read_input(options.file, in), options.file == "-" ? "standard input" : options.file,
                                 options.query.choice);
    if (!options.save.empty()) write_output(options.save, options.standard.overwrite, write_intensity(series), out);
    const std::string remark = fetched ? fetched->remark : "";
    Document document = describe_intensity(series, options.window, options.policy, remark);
    if (fetched && fetched->from_cache && remark.empty())
        document.notes.push_back(fmt::format("taken from the cache, fetched at {}", utc_text(fetched->fetched_at)));
    const std::vector<Subject> subjects = subjects_of(options, in);
    if (!subjects.empty()) document.sections.emplace_back(runs_in_series(series, subjects, options.policy));
    const bool for_people = !options.standard.format.starts_with("json") && options.standard.format != "csv";
    if (for_people && !options.table) shorten_for_people(document);
    const std::vector<IntensityDecision> decisions = decisions_of(subjects, options);
    const auto pictures = [&] {
        return std::vector<Picture>{intensity_picture(series, options.window, options.policy, decisions)};
    };
    const RenderingOptions rendering{options.table, {}, options.plot, options.width};
    write_output(options.standard.output, options.standard.overwrite,
                 render_report(std::move(document), options.standard, rendering, pictures), out);
    if (remark.empty()) return ExitStatus::kOk;
    if (!options.standard.quiet) err << "carbonedge-report: " << remark << "\n";
    return ExitStatus::kInconclusive;
}

}  // namespace carbonedge
