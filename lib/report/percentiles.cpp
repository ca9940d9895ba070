#include "lib/report/percentiles.h"

#include "lib/base/latency_histogram.h"
#include "lib/base/order_statistics.h"
#include "lib/base/quantile.h"
#include "lib/report/spread.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

namespace carbonedge {
namespace {

std::string percentile_name(double probability) { return fmt::format("p{:g}", 100 * probability); }

/// How many answers make one beyond the percentile likely.
std::size_t answers_needed(double probability) { return static_cast<std::size_t>(std::llround(1 / (1 - probability))); }

}  // namespace

Table percentile_table(const RunLog& run) {
    Table table{"percentiles", "Latency of the answers at its percentiles", {}, {}, {}};
    table.columns = {{"percentile", "percentile", Unit::kText, "", false},
                     {"latency", "latency", Unit::kTime, "", false},
                     {"low", "95 % low", Unit::kTime, "", false},
                     {"high", "95 % high", Unit::kTime, "", false}};
    std::vector<double> seconds;
    for (const RequestRecord& request : run.requests) {
        if (request.ok) seconds.push_back(to_seconds(request.latency).count());
    }
    std::sort(seconds.begin(), seconds.end());
    for (const double probability : stated_quantiles()) {
        TableRow row(table);
        row.set("percentile", percentile_name(probability));
        if (reaches_quantile(seconds.size(), probability)) {
            row.set("latency", to_nanoseconds(Seconds(quantile(seconds, probability))));
            if (const auto interval = quantile_interval(seconds, probability)) {
                row.set("low", to_nanoseconds(Seconds(interval->low)));
                row.set("high", to_nanoseconds(Seconds(interval->high)));
            }
        } else {
            table.notes.push_back(fmt::format("too few answers for {}: {} are needed, there are {}",
                                              percentile_name(probability), answers_needed(probability),
                                              seconds.size()));
        }
        row.add();
    }
    const bool open = run.header.rate_per_second || run.header.arrivals == "trace";
    table.notes.emplace_back(
        open ? "latency counts from the intended arrival, so no slow answer hides those behind it"
             : "in a closed loop requests wait for answers to come: a slow one delays those behind it, "
               "which is not in their latency");
    return table;
}

std::string load_text(const RunHeader& header) {
    if (header.arrivals == "trace") return "open loop, a recorded trace";
    if (header.rate_per_second) {
        return fmt::format("open loop, {:g} requests/s{}", *header.rate_per_second,
                           header.arrivals == "poisson" ? ", Poisson" : "");
    }
    return fmt::format("closed loop, {} in flight", header.in_flight);
}

std::string deadline_text(const RunLog& run) {
    std::int64_t dropped = 0;
    std::int64_t late = 0;
    for (const RequestRecord& request : run.requests) {
        if (request.dropped) ++dropped;
        if (request.ok && request.latency > *run.header.deadline) ++late;
    }
    return fmt::format("{}: {} dropped, {} answered late", duration_text(to_seconds(*run.header.deadline)), dropped,
                       late);
}

std::string batches_text(const RunLog& run) {
    // A pass of k requests is in the records of k of them.
    double passes = 0;
    double requests = 0;
    for (const RequestRecord& request : run.requests) {
        for (const StageRecord& stage : request.stages) {
            if (stage.compute.count() == 0) continue;
            requests += 1;
            passes += 1 / static_cast<double>(stage.batch);
        }
    }
    const std::string limits = fmt::format("at most {}, waiting {}", run.header.batches.largest,
                                           duration_text(to_seconds(run.header.batches.longest_wait)));
    return passes == 0 ? limits : fmt::format("{}; {:.3g} requests a pass in the mean", limits, requests / passes);
}

}  // namespace carbonedge
