#include "lib/tradeoff/front_description.h"

#include "lib/cluster/intensity_notes.h"
#include "lib/tradeoff/plain_numbers.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

/// Rounded up to whole nanoseconds, so that the figure as a limit lets its plan pass; what the last bits of a double
/// add to a whole number is not rounded up.
Nanoseconds whole_nanoseconds(double seconds) {
    return Nanoseconds(static_cast<std::int64_t>(std::ceil(seconds * 1e9 * (1 - 1e-12))));
}

std::string cost_name(Objective axis) { return axis == Objective::kEnergy ? "energy" : "carbon"; }
std::string price_key(Objective axis) {
    return axis == Objective::kEnergy ? "price_ms_per_joule" : "price_ms_per_gco2e";
}

std::string point_text(const ParetoFront& front, const FrontPoint& point) {
    return fmt::format("{} and {}", duration_text(Seconds(point.latency_seconds)),
                       value_text(front.cost_axis, point.cost));
}

const FrontPoint& cheapest(const ParetoFront& front) {
    return *std::min_element(front.points.begin(), front.points.end(),
                             [](const FrontPoint& left, const FrontPoint& right) { return left.cost < right.cost; });
}

const FrontPoint* knee_of(const ParetoFront& front) {
    const auto knee = std::find_if(front.points.begin(), front.points.end(), [](const auto& one) { return one.knee; });
    return knee == front.points.end() ? nullptr : &*knee;
}

double widest_gap(const ParetoFront& front) {
    double gap = 0;
    for (const FrontPoint& point : front.points) gap = std::max(gap, point.gap());
    return gap;
}

std::string proof_text(const ParetoFront& front) {
    if (front.proven)
        return "Proven: no other plan within the limits is better than any of these in one and no worse in the rest.";
    return fmt::format(
        "Not complete: the search was cut off; a plan as fast as one of these could emit up to {:.2g} % less, and none "
        "is faster than {}.",
        100 * widest_gap(front), duration_text(Seconds(front.latency_bound)));
}

std::string price_sentence(const ParetoFront& front) {
    const FrontPoint& fast = front.points.front();
    const FrontPoint& clean = cheapest(front);
    const double saved = fast.cost - clean.cost;
    if (front.points.size() == 1 || !(saved > 0)) {
        return "There is nothing to trade: the fastest plan is also the cleanest.";
    }
    const double whole = (clean.latency_seconds - fast.latency_seconds) / saved;
    const double portion = fitting_portion(whole);
    std::string text =
        fmt::format("From the fastest to the cleanest {} on average", exchange_text(front.cost_axis, whole, portion));
    if (const FrontPoint* knee = knee_of(front)) {
        const double first = (knee->latency_seconds - fast.latency_seconds) / (fast.cost - knee->cost);
        const double rest = (clean.latency_seconds - knee->latency_seconds) / (knee->cost - clean.cost);
        text +=
            fmt::format("; up to the knee ({}) {}, after it {}", point_text(front, *knee),
                        exchange_text(front.cost_axis, first, portion), exchange_text(front.cost_axis, rest, portion));
    }
    return text + ".";
}

FactList facts_of(const ParetoFront& front) {
    FactList facts{"summary", "The front", {}};
    const FrontPoint& fast = front.points.front();
    const FrontPoint& clean = cheapest(front);
    const std::string cost = cost_name(front.cost_axis);
    const Unit unit = unit_of(front.cost_axis);
    facts.add("points", "plans", Unit::kCount, static_cast<std::int64_t>(front.points.size()));
    facts.add("proven", "proven", Unit::kText, std::string(front.proven ? "yes" : "no"));
    facts.add("method", "method", Unit::kText, front.method);
    facts.add("fastest_latency", "fastest: latency", Unit::kTime, whole_nanoseconds(fast.latency_seconds));
    facts.add("fastest_" + cost, "fastest: " + cost, unit, cell_of(front.cost_axis, fast.cost));
    facts.add("cleanest_latency", "cleanest: latency", Unit::kTime, whole_nanoseconds(clean.latency_seconds));
    facts.add("cleanest_" + cost, "cleanest: " + cost, unit, cell_of(front.cost_axis, clean.cost));
    facts.add("latency_bound", "no plan is faster than", Unit::kTime, to_nanoseconds(Seconds(front.latency_bound)));
    for (const auto& [name, value] : front.counters) {
        std::string key = name;
        std::replace(key.begin(), key.end(), ' ', '_');
        facts.add(key, name, Unit::kCount, static_cast<std::int64_t>(value));
    }
    return facts;
}

Table front_table(const PlanningProblem& problem, const ParetoFront& front) {
    const std::string cost = cost_name(front.cost_axis);
    const Unit unit = unit_of(front.cost_axis);
    Table table{"front", "Plans that no other beats, fastest first", {}, {}, {}};
    table.columns = {
        {"point", "point", Unit::kCount, "", false},
        {"latency", "latency", Unit::kTime, "", false},
        {cost, cost, unit, "cost", false},
        {cost + "_bound", "at least", unit, "cost", false},
        {"gap", "gap", Unit::kPercent, "", false},
        {"throughput", "pipelined", Unit::kPerSecond, "", false},
        {price_key(front.cost_axis), front.cost_axis == Objective::kEnergy ? "next: ms per J" : "next: ms per g",
         Unit::kNumber, "", false},
        {"hull", "hull", Unit::kText, "", false},
        {"knee", "knee", Unit::kText, "", false},
        {"nodes", "nodes", Unit::kCount, "", false},
        {"placement", "placement", Unit::kText, "", false}};
    std::int64_t number = 0;
    for (const FrontPoint& point : front.points) {
        TableRow row(table);
        row.set("point", ++number)
            .set("latency", whole_nanoseconds(point.latency_seconds))
            .set(cost, cell_of(front.cost_axis, point.cost))
            .set(cost + "_bound", cell_of(front.cost_axis, point.cost_bound))
            .set("gap", 100 * point.gap())
            .set("throughput", 1 / point.occupancy_seconds)
            .set("nodes", static_cast<std::int64_t>(point.placement.size()))
            .set("placement", placement_text(problem.cluster, point.placement));
        if (point.to_next) row.set(price_key(front.cost_axis), 1e3 * point.to_next->seconds_per_cost());
        if (!front.throughput) row.set("hull", std::string(point.on_hull ? "yes" : "no"));
        if (!front.throughput) row.set("knee", std::string(point.knee ? "yes" : "no"));
        row.add();
    }
    return table;
}

/// The border of what is possible, as a step line: from each plan to the right until the next one takes over.
Table curve_table(const ParetoFront& front) {
    const std::string cost = cost_name(front.cost_axis);
    Table table{"curve", "Corners of the step line to draw", {}, {}, {}};
    table.columns = {{"latency", "latency", Unit::kTime, "", false}, {cost, cost, unit_of(front.cost_axis), "", false}};
    const FrontPoint* before = nullptr;
    for (const FrontPoint& point : front.points) {
        const Nanoseconds latency = whole_nanoseconds(point.latency_seconds);
        if (before != nullptr) table.add_row({latency, cell_of(front.cost_axis, before->cost)});
        table.add_row({latency, cell_of(front.cost_axis, point.cost)});
        before = &point;
    }
    return table;
}

}  // namespace

Document describe_front(const PlanningProblem& problem, const ParetoFront& front) {
    const std::string model = problem.profiles.front().model_name;
    const std::string third = front.throughput ? " and throughput" : "";
    Document document{"front",
                      fmt::format("{} on {}: latency against {}{}", model, cluster_text(problem.cluster),
                                  cost_name(front.cost_axis), third),
                      {},
                      {},
                      {}};
    const std::string plans = front.points.size() == 1 ? "1 plan" : fmt::format("{} plans", front.points.size());
    std::string range = point_text(front, front.points.front());
    if (front.points.size() > 1) range = fmt::format("from {} to {}", range, point_text(front, cheapest(front)));
    document.opening.push_back(
        fmt::format("{} for {} on {} that no other beats in mean latency and {}{}: {} a request.", plans, model,
                    cluster_text(problem.cluster), cost_name(front.cost_axis), third, range));
    document.opening.push_back(price_sentence(front));
    document.opening.push_back(proof_text(front));
    document.sections.emplace_back(facts_of(front));
    document.sections.emplace_back(front_table(problem, front));
    if (!front.throughput) document.sections.emplace_back(curve_table(front));
    for (const std::string& note : carbon_notes(problem.cluster)) document.notes.push_back(note);
    document.notes.push_back(fmt::format("idle policy {}", idle_policy_name(problem.cluster.idle_policy)));
    return document;
}

}  // namespace carbonedge
