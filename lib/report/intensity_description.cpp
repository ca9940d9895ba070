#include "lib/report/intensity_description.h"

#include "lib/carbon/intensity_statistics.h"
#include "lib/report/opening.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>

namespace carbonedge {
namespace {

std::string length_text(std::chrono::seconds length) {
    if (length % std::chrono::hours(1) == std::chrono::seconds(0))
        return fmt::format("{} h", length / std::chrono::hours(1));
    return fmt::format("{} min", static_cast<double>(length.count()) / 60.0);
}

FactList summary_of(const IntensitySeries& series, const IntensityStatistics& statistics, std::chrono::seconds window,
                    const SeriesPolicy& policy) {
    const SeriesOrigin& origin = series.origin();
    FactList facts{"summary", "Summary", {}};
    facts.add("zone", "zone", Unit::kText, origin.zone);
    facts.add("signal", "signal", Unit::kText, std::string(signal_name(origin.signal)));
    facts.add("scope", "scope", Unit::kText, std::string(scope_name(origin.scope)));
    facts.add("kind", "kind", Unit::kText, std::string(kind_name(origin.kind)));
    facts.add("source", "source", Unit::kText, origin.source);
    facts.add("licence", "licence", Unit::kText, origin.licence.empty() ? Cell() : Cell(origin.licence));
    facts.add("begin", "first sample", Unit::kText, utc_text(series.begin()));
    facts.add("end", "holds until", Unit::kText, utc_text(series.end()));
    facts.add("period", "period", Unit::kText, length_text(series.period()));
    facts.add("samples", "samples", Unit::kCount, static_cast<std::int64_t>(series.samples().size()));
    facts.add("coverage", "time covered", Unit::kPercent, statistics.coverage * 100);
    facts.add("gaps", "gaps", Unit::kCount, static_cast<std::int64_t>(series.gaps().size()));
    facts.add("longest_gap", "longest gap", Unit::kText,
              statistics.longest_gap.count() > 0 ? Cell(length_text(statistics.longest_gap)) : Cell());
    facts.add("estimated", "marked as estimated", Unit::kPercent, statistics.estimated_share * 100);
    facts.add("mean", "mean", Unit::kIntensity, statistics.mean);
    facts.add("lowest", "lowest", Unit::kIntensity, statistics.lowest);
    facts.add("highest", "highest", Unit::kIntensity, statistics.highest);
    facts.add("daily_variation", "spread within a day (deviation / mean)", Unit::kPercent,
              statistics.daily_variation ? Cell(*statistics.daily_variation * 100) : Cell());
    const std::string title = fmt::format("cleanest {}", length_text(window));
    const auto cleanest = cleanest_window(series, window, policy);
    facts.add("cleanest_start", title + " start", Unit::kText, cleanest ? Cell(utc_text(cleanest->start)) : Cell());
    facts.add("cleanest_mean", title + " mean", Unit::kIntensity, cleanest ? Cell(cleanest->mean) : Cell());
    return facts;
}

Table hours_of(const IntensityStatistics& statistics) {
    Table table{"hours",
                "Mean by hour of the day (UTC)",
                {{"hour", "hour", Unit::kText, "", false}, {"mean", "mean", Unit::kIntensity, "", false}},
                {},
                {}};
    for (std::size_t hour = 0; hour < statistics.by_hour.size(); ++hour) {
        const auto& mean = statistics.by_hour[hour];
        if (mean) table.add_row({fmt::format("{:02}:00", hour), *mean});
    }
    return table;
}

Table gaps_of(const IntensitySeries& series) {
    Table table{"gaps",
                "Gaps",
                {{"from", "from", Unit::kText, "", false},
                 {"to", "to", Unit::kText, "", false},
                 {"length", "length", Unit::kText, "", false}},
                {},
                {}};
    for (const SeriesGap& gap : series.gaps())
        table.add_row({utc_text(gap.from), utc_text(gap.to), length_text(gap.to - gap.from)});
    return table;
}

Table samples_of(const IntensitySeries& series) {
    Table table{"samples",
                "Samples",
                {{"start_utc", "from", Unit::kText, "", false},
                 {"intensity", "intensity", Unit::kIntensity, "", false},
                 {"estimated", "estimated", Unit::kText, "", false}},
                {},
                {}};
    for (const IntensitySample& sample : series.samples()) {
        table.add_row({utc_text(sample.start), sample.intensity, std::string(sample.estimated ? "true" : "false")});
    }
    return table;
}

}  // namespace

Document describe_intensity(const IntensitySeries& series, std::chrono::seconds window, const SeriesPolicy& policy,
                            const std::string& remark) {
    const IntensityStatistics statistics = intensity_statistics(series);
    Document document;
    document.kind = "intensity";
    document.title = "Carbon intensity of " + series.origin().zone;
    document.sections.emplace_back(summary_of(series, statistics, window, policy));
    document.sections.emplace_back(hours_of(statistics));
    if (!series.gaps().empty()) document.sections.emplace_back(gaps_of(series));
    document.sections.emplace_back(samples_of(series));
    if (!remark.empty()) document.notes.push_back(remark);
    document.opening = opening_of_intensity(series, statistics);
    return document;
}

Document describe_countries(std::span<const CountryIntensity> countries) {
    Table table{"countries",
                "Yearly means of countries",
                {{"code", "code", Unit::kText, "", false},
                 {"name", "country", Unit::kText, "", false},
                 {"year", "year", Unit::kCount, "", false},
                 {"intensity", "mean", Unit::kIntensity, "", false},
                 {"signal", "signal", Unit::kText, "", false},
                 {"scope", "scope", Unit::kText, "", false},
                 {"source", "source", Unit::kText, "", false}},
                {},
                {}};
    Table sources{"sources",
                  "Sources",
                  {{"id", "source", Unit::kText, "", false},
                   {"what", "publisher and data set", Unit::kText, "", false},
                   {"url", "url", Unit::kText, "", false},
                   {"licence", "licence", Unit::kText, "", false},
                   {"remark", "remark", Unit::kText, "", false}},
                  {},
                  {}};
    std::set<std::string> seen;
    for (const CountryIntensity& country : countries) {
        table.add_row({country.code, country.name, std::int64_t{country.year}, country.intensity,
                       std::string(signal_name(country.signal)), std::string(scope_name(country.scope)),
                       country.source_id});
        if (!seen.insert(country.source_id).second) continue;
        sources.add_row({country.source_id, country.source, country.url, country.licence, country.remark});
    }
    Document document;
    document.kind = "countries";
    document.title = "Carbon intensity of countries";
    document.sections.emplace_back(std::move(table));
    document.sections.emplace_back(std::move(sources));
    document.notes.emplace_back(
        "means of a year: they are not the intensity of any hour, which a series or a service gives");
    return document;
}

}  // namespace carbonedge
