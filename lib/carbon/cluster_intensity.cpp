#include "lib/carbon/cluster_intensity.h"

#include "lib/base/errors.h"
#include "lib/carbon/intensity_file.h"

#include <fmt/format.h>
#include <filesystem>
#include <map>
#include <memory>
#include <tuple>

namespace carbonedge {
namespace {

[[noreturn]] void refuse(const IntensityReference& reference, const std::string& problem) {
    throw InputError(reference.file, reference.line, fmt::format("[{}] {}", reference.section, problem));
}

IntensityChoice choice_of(const IntensityReference& reference) {
    IntensityChoice choice;
    for (const IntensityScope scope : {IntensityScope::kDirect, IntensityScope::kLifecycle}) {
        if (scope_name(scope) == reference.scope) choice.scope = scope;
    }
    for (const IntensitySignal signal : {IntensitySignal::kAverage, IntensitySignal::kMarginal}) {
        if (signal_name(signal) == reference.signal) choice.signal = signal;
    }
    if (!reference.scope.empty() && !choice.scope)
        refuse(reference, fmt::format("intensity_scope '{}' is neither direct nor lifecycle", reference.scope));
    if (!reference.signal.empty() && !choice.signal)
        refuse(reference, fmt::format("intensity_signal '{}' is neither average nor marginal", reference.signal));
    choice.zone = reference.zone;
    return choice;
}

/// What a policy had to do for the answer, or "".
std::string remark_of(const IntensitySeries& series, const IntensityMoment& moment) {
    const UtcSeconds from = *moment.at;
    const UtcSeconds to = from + moment.window.value_or(std::chrono::seconds(1));
    std::string remark;
    if (from < series.begin() || to > series.end()) {
        remark = fmt::format("the series is from {} to {}, beyond which its outermost value is held",
                             utc_text(series.begin()), utc_text(series.end()));
    }
    for (const SeriesGap& gap : series.gaps()) {
        if (gap.to <= from || gap.from >= to) continue;
        remark += fmt::format(
            "{}the gap from {} to {} is {}", remark.empty() ? "" : ", ", utc_text(gap.from), utc_text(gap.to),
            moment.policy.gap == GapPolicy::kHold ? "filled with the value before it" : "interpolated");
        break;
    }
    return remark;
}

/// What a reader says of options said of the keys that stand for them here.
std::string in_words_of_a_cluster_file(std::string text) {
    for (const auto& [option, key] : {std::pair("--scope ", "intensity_scope = "),
                                      std::pair("--signal ", "intensity_signal = "), std::pair("--zone ", "zone = ")}) {
        for (std::size_t at = text.find(option); at != std::string::npos; at = text.find(option, at)) {
            text.replace(at, std::string_view(option).size(), key);
        }
    }
    return text;
}

class Resolver {
public:
    Resolver(IntensityMoment moment, IntensityInputs inputs) : moment_(moment), inputs_(std::move(inputs)) {}

    ResolvedIntensity resolve(const IntensityReference& reference) {
        const std::string_view text = reference.text;
        if (text.starts_with(kCountryReference)) {
            return of_country(reference, text.substr(kCountryReference.size()));
        }
        return of_series(reference, std::string(text.substr(kSeriesReference.size())));
    }

private:
    [[nodiscard]] ResolvedIntensity of_country(const IntensityReference& reference, std::string_view code) const {
        const CountryIntensity* row = nullptr;
        try {
            row = &find_country(inputs_.countries, code);
        } catch (const UsageError& error) {
            refuse(reference, error.what());
        }
        const IntensityChoice choice = choice_of(reference);
        if (choice.signal && *choice.signal != row->signal) {
            refuse(reference, fmt::format("the mean of {} is {}, {} was asked for", row->name, signal_name(row->signal),
                                          reference.signal));
        }
        if (choice.scope && *choice.scope != row->scope) {
            refuse(reference, fmt::format("the mean of {} is {}, {} was asked for", row->name, scope_name(row->scope),
                                          reference.scope));
        }
        ResolvedIntensity found;
        found.intensity = row->intensity;
        found.zone = row->code;
        found.signal = signal_name(row->signal);
        found.scope = scope_name(row->scope);
        found.origin = {reference.text,
                        fmt::format("{}, {}", row->source, row->url),
                        row->licence,
                        "yearly mean",
                        fmt::format("{}-01-01T00:00:00Z", row->year),
                        fmt::format("{}-01-01T00:00:00Z", row->year + 1),
                        row->remark};
        return found;
    }

    const IntensitySeries& series_of(const IntensityReference& reference, const std::string& path) {
        auto& series = series_[{path, reference.zone, reference.signal, reference.scope}];
        if (series) return *series;
        const std::string place = (std::filesystem::path(inputs_.folder) / path).string();
        try {
            series =
                std::make_unique<IntensitySeries>(read_intensity(inputs_.read(place), place, choice_of(reference)));
        } catch (const InputError& error) {
            refuse(reference, in_words_of_a_cluster_file(error.what()));
        }
        return *series;
    }

    ResolvedIntensity of_series(const IntensityReference& reference, const std::string& path) {
        const IntensitySeries& series = series_of(reference, path);
        const SeriesOrigin& origin = series.origin();
        if (!moment_.at) {
            throw UsageError(
                fmt::format("{}:{}: [{}] takes its intensity from a series: say when, --at {} (it covers {} to {})",
                            reference.file, reference.line, reference.section, utc_text(series.begin()),
                            utc_text(series.begin()), utc_text(series.end())));
        }
        if (!reference.zone.empty() && !origin.zone.empty() && reference.zone != origin.zone) {
            refuse(reference,
                   fmt::format("{} is of zone '{}', the zone here is '{}'", path, origin.zone, reference.zone));
        }
        const IntensityAnswer answer = moment_.window
                                           ? series.mean(*moment_.at, *moment_.at + *moment_.window, moment_.policy)
                                           : series.at(*moment_.at, moment_.policy);
        if (const auto* none = std::get_if<NoIntensity>(&answer)) {
            refuse(reference, fmt::format("{}: {}; --gap and --beyond say what to take instead", path, none->reason));
        }
        ResolvedIntensity found;
        found.intensity = std::get<CarbonIntensity>(answer);
        found.zone = origin.zone;
        found.signal = signal_name(origin.signal);
        found.scope = scope_name(origin.scope);
        found.origin = {reference.text,
                        origin.source,
                        origin.licence,
                        std::string(kind_name(origin.kind)),
                        utc_text(*moment_.at),
                        moment_.window ? utc_text(*moment_.at + *moment_.window) : "",
                        remark_of(series, moment_)};
        return found;
    }

    IntensityMoment moment_;
    IntensityInputs inputs_;
    using Key = std::tuple<std::string, std::string, std::string, std::string>;
    std::map<Key, std::unique_ptr<IntensitySeries>> series_;
};

}  // namespace

IntensityResolver intensity_resolver(IntensityMoment moment, IntensityInputs inputs) {
    const auto resolver = std::make_shared<Resolver>(moment, std::move(inputs));
    return [resolver](const IntensityReference& reference) { return resolver->resolve(reference); };
}

}  // namespace carbonedge
