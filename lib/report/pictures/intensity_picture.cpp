#include "lib/report/pictures/intensity_picture.h"

#include "lib/carbon/intensity_statistics.h"
#include "lib/report/pictures/specifications.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

constexpr std::size_t kStretches = 400;
constexpr std::int64_t kMostMissing = 10'000;  // columns of a plot in characters that one gap takes

Table empty_samples() {
    return {"intensity",
            "Intensity",
            {{"from", "from", Unit::kText, "", false},
             {"samples", "samples", Unit::kCount, "", false},
             {"mean", "mean", Unit::kIntensity, "", false},
             {"lowest", "lowest", Unit::kIntensity, "", false},
             {"highest", "highest", Unit::kIntensity, "", false}},
            {},
            {}};
}

/// Stretches of equally many samples. Where the series ends or has a gap, a row without samples draws its last stretch
/// up to there; an empty row then ends the line.
Table samples_table(const IntensitySeries& series) {
    Table table = empty_samples();
    const auto& samples = series.samples();
    const std::vector<SeriesGap> gaps = series.gaps();
    auto gap = gaps.begin();
    const std::size_t per_stretch = (samples.size() + kStretches - 1) / kStretches;
    for (std::size_t first = 0; first < samples.size();) {
        const std::size_t most = std::min(samples.size(), first + per_stretch);
        std::size_t end = first + 1;
        while (end < most && !(gap != gaps.end() && gap->to == samples[end].start)) ++end;
        double sum = 0;
        double low = samples[first].intensity.value();
        double high = low;
        for (std::size_t i = first; i < end; ++i) {
            const double value = samples[i].intensity.value();
            sum += value;
            low = std::min(low, value);
            high = std::max(high, value);
        }
        const CarbonIntensity mean(sum / static_cast<double>(end - first));
        const auto add = [&](UtcSeconds from, std::size_t count) {
            table.add_row(
                {utc_text(from), static_cast<std::int64_t>(count), mean, CarbonIntensity(low), CarbonIntensity(high)});
        };
        add(samples[first].start, end - first);
        if (end == samples.size()) {
            add(series.end(), 0);
        } else if (gap != gaps.end() && gap->to == samples[end].start) {
            add(gap->from, 0);
            table.add_row({utc_text(gap->from), std::int64_t{0}, Cell(), Cell(), Cell()});
            ++gap;
        }
        first = end;
    }
    return table;
}

}  // namespace

Picture intensity_picture(const IntensitySeries& series, std::chrono::seconds window, const SeriesPolicy& policy,
                          const std::vector<IntensityDecision>& decisions) {
    Picture picture;
    picture.name = "intensity";
    picture.title = "Carbon intensity over time";
    Table samples = samples_table(series);
    Table windows{"windows",
                  "Cleanest window",
                  {{"from", "from", Unit::kText, "", false},
                   {"to", "to", Unit::kText, "", false},
                   {"mean", "mean", Unit::kIntensity, "", false}},
                  {},
                  {}};
    if (const auto cleanest = cleanest_window(series, window, policy)) {
        windows.add_row({utc_text(cleanest->start), utc_text(cleanest->start + window), cleanest->mean});
    }
    Table made{"decisions",
               "Decisions",
               {{"time_utc", "time (UTC)", Unit::kText, "", false},
                {"what", "what", Unit::kText, "", false},
                {"intensity", "intensity", Unit::kIntensity, "", false}},
               {},
               {}};
    std::size_t outside = 0;
    for (const IntensityDecision& decision : decisions) {
        const IntensityAnswer answer = series.at(decision.time, policy);
        if (const auto* intensity = std::get_if<CarbonIntensity>(&answer)) {
            made.add_row({utc_text(decision.time), decision.what, *intensity});
        } else {
            ++outside;
        }
    }
    picture.caption = fmt::format("Grams a kilowatt-hour of {}. The band is the cleanest window.",
                                  series.origin().zone.empty() ? "the zone" : series.origin().zone);
    if (samples.rows.size() < series.samples().size()) {
        picture.caption += fmt::format(" {} samples are drawn as mean, lowest and highest of {} stretches.",
                                       series.samples().size(), samples.rows.size());
    }
    if (!made.rows.empty()) picture.caption += " Triangles are decisions.";
    if (outside > 0)
        picture.caption += fmt::format(" {} of {} decisions lie outside the series.", outside, decisions.size());
    ColumnPlot plot;
    plot.unit = "g/kWh";
    const std::vector<SeriesGap> gaps = series.gaps();
    auto gap = gaps.begin();
    for (const IntensitySample& sample : series.samples()) {
        if (gap != gaps.end() && gap->to == sample.start) {
            const auto missing = std::min<std::int64_t>((gap->to - gap->from) / series.period(), kMostMissing);
            plot.values.insert(plot.values.end(), static_cast<std::size_t>(missing), std::nan(""));
            ++gap;
        }
        plot.values.push_back(sample.intensity.value());
    }
    plot.starts.emplace_back(0, utc_text(series.begin()));
    picture.plot = std::move(plot);
    picture.specification = std::string(intensity_specification);
    picture.numbers = {std::move(samples), std::move(windows), std::move(made)};
    return picture;
}

}  // namespace carbonedge
