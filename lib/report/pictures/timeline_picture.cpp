#include "lib/report/pictures/timeline_picture.h"

#include "lib/base/quantile.h"
#include "lib/report/cell_text.h"
#include "lib/report/pictures/specifications.h"

#include <fmt/format.h>
#include <algorithm>

namespace carbonedge {
namespace {

constexpr std::size_t kStretches = 160;
constexpr std::size_t kRequestsInDetail = 40;
constexpr std::size_t kRequestsInText = 12;

using Requests = std::vector<const RequestRecord*>;

Requests answered_by_arrival(const RunLog& run) {
    Requests requests;
    for (const RequestRecord& request : run.requests) {
        if (request.ok) requests.push_back(&request);
    }
    std::stable_sort(requests.begin(), requests.end(),
                     [](const RequestRecord* a, const RequestRecord* b) { return a->arrival < b->arrival; });
    return requests;
}

Table overview_of(const Requests& requests) {
    Table table{"overview",
                "Latency over the run",
                {{"from", "from", Unit::kTime, "", false},
                 {"to", "to", Unit::kTime, "", false},
                 {"requests", "requests", Unit::kCount, "", false},
                 {"lowest", "lowest", Unit::kTime, "", false},
                 {"median", "median", Unit::kTime, "", false},
                 {"highest", "highest", Unit::kTime, "", false}},
                {},
                {}};
    if (requests.empty()) return table;
    const Nanoseconds begin = requests.front()->arrival;
    const Nanoseconds span = requests.back()->arrival - begin + Nanoseconds(1);
    const auto stretches = static_cast<std::int64_t>(std::min(kStretches, requests.size()));
    const auto edge = [&](std::int64_t k) {
        return begin + to_nanoseconds(to_seconds(span) * (static_cast<double>(k) / static_cast<double>(stretches)));
    };
    auto next = requests.begin();
    for (std::int64_t k = 0; k < stretches; ++k) {
        const Nanoseconds end = edge(k + 1);
        std::vector<double> latencies;
        for (; next != requests.end() && ((*next)->arrival < end || k + 1 == stretches); ++next) {
            latencies.push_back(to_seconds((*next)->latency).count());
        }
        if (latencies.empty()) continue;
        std::sort(latencies.begin(), latencies.end());
        table.add_row({edge(k), end, static_cast<std::int64_t>(latencies.size()),
                       to_nanoseconds(Seconds(latencies.front())), to_nanoseconds(Seconds(quantile(latencies, 0.5))),
                       to_nanoseconds(Seconds(latencies.back()))});
    }
    return table;
}

/// Consecutive requests with the slowest in their middle.
std::pair<std::size_t, std::size_t> detail_range(const Requests& requests) {
    const auto slowest =
        std::max_element(requests.begin(), requests.end(),
                         [](const RequestRecord* a, const RequestRecord* b) { return a->latency < b->latency; });
    const auto middle = static_cast<std::size_t>(slowest - requests.begin());
    const std::size_t first = middle < kRequestsInDetail / 2 ? 0 : middle - kRequestsInDetail / 2;
    const std::size_t end = std::min(requests.size(), first + kRequestsInDetail);
    return {end < kRequestsInDetail ? 0 : end - kRequestsInDetail, end};
}

void add_segments(Table& table, const RequestRecord& request) {
    Nanoseconds at = request.arrival;
    const auto add = [&](const char* what, const std::string& node, Nanoseconds length) {
        if (length.count() > 0) table.add_row({request.id, std::string(what), node, at, at + length});
        at += length;
    };
    add("queue", "gateway", request.wait);
    for (const StageRecord& stage : request.stages) {
        add("transfer", stage.node, stage.transfer);
        add("queue", stage.node, stage.queue);
        add("compute", stage.node, stage.compute);
    }
    add("transfer", "gateway", request.return_transfer);
}

char glyph_of(const std::string& what) { return what == "compute" ? '#' : what == "queue" ? '.' : '~'; }

RowPlot row_plot(const Table& segments, std::size_t shown) {
    RowPlot plot;
    std::int64_t last = -1;
    for (const auto& row : segments.rows) {
        const auto request = std::get<std::int64_t>(row[0]);
        if (plot.rows.empty() || request != last) {
            if (plot.rows.size() == shown) break;
            plot.rows.push_back({fmt::format("request {}", request), {}, {}, ""});
            last = request;
        }
        const double from = to_seconds(std::get<Nanoseconds>(row[3])).count();
        const double to = to_seconds(std::get<Nanoseconds>(row[4])).count();
        plot.rows.back().segments.push_back({from, to, glyph_of(std::get<std::string>(row[1]))});
    }
    double low = 0;
    double high = 0;
    for (const PlotRow& row : plot.rows) {
        if (row.segments.empty()) continue;
        if (&row == &plot.rows.front()) low = row.segments.front().from;
        low = std::min(low, row.segments.front().from);
        high = std::max(high, row.segments.back().to);
    }
    plot.low_text = fact_text(Cell(to_nanoseconds(Seconds(low))), Unit::kTime);
    plot.high_text = fact_text(Cell(to_nanoseconds(Seconds(high))), Unit::kTime) + " after the start";
    plot.legend = {{'~', "transfer"}, {'.', "queue"}, {'#', "compute"}};
    return plot;
}

}  // namespace

Picture timeline_picture(const Subject& subject) {
    const Requests requests = answered_by_arrival(*subject.run);
    Picture picture;
    picture.name = "timeline";
    picture.title = "Requests through the stages";
    Table overview = overview_of(requests);
    Table segments{"segments",
                   "Requests in detail",
                   {{"request", "request", Unit::kCount, "", false},
                    {"what", "what", Unit::kText, "", false},
                    {"node", "node", Unit::kText, "", false},
                    {"from", "from", Unit::kTime, "", false},
                    {"to", "to", Unit::kTime, "", false}},
                   {},
                   {}};
    std::string detail = "no request was answered";
    Nanoseconds from{0};
    Nanoseconds to{0};
    if (!requests.empty()) {
        const auto [first, end] = detail_range(requests);
        for (std::size_t i = first; i < end; ++i) add_segments(segments, *requests[i]);
        from = requests[first]->arrival;
        to = end - first == requests.size() ? from : requests[end - 1]->arrival + requests[end - 1]->latency;
        detail = end - first == requests.size()
                     ? fmt::format("all {} requests answered", requests.size())
                     : fmt::format("{} of {} requests, around the slowest", end - first, requests.size());
    }
    picture.caption = fmt::format(
        "Above, the latency of every request over the run: a line from the lowest to the highest of each of {} "
        "stretches "
        "of time, and its median. Below, {}: what each spent on transfer, in queues and computing.",
        overview.rows.size(), detail);
    picture.plot = row_plot(segments, kRequestsInText);
    picture.specification = SpecificationText(timeline_specification)
                                .set("latency", axis_unit(overview, {"highest"}), "latency")
                                .set("time", axis_unit(overview, {"to"}), "time since the start")
                                .set("shown_from", static_cast<double>(from.count()))
                                .set("shown_to", static_cast<double>(to.count()))
                                .set("detail_title", detail)
                                .text();
    picture.numbers = {std::move(overview), std::move(segments)};
    return picture;
}

}  // namespace carbonedge
