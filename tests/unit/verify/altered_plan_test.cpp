#include "lib/base/errors.h"
#include "lib/dag/graph_plan_file.h"
#include "lib/partition/fleet_plan_file.h"
#include "lib/partition/plan_file.h"
#include "lib/planner/exact_planner.h"
#include "lib/planner/fleet_planner.h"
#include "lib/planner/graph_planner.h"
#include "lib/planner/policies.h"
#include "lib/tradeoff/pareto_front.h"
#include "lib/tradeoff/plan_problem.h"
#include "lib/verify/verify.h"
#include "lib/verify/verify_fleet.h"
#include "lib/verify/verify_graph.h"
#include "tests/support/random_graph.h"
#include "tests/support/random_problem.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

// Every leaf of a plan file is altered in turn, and every element of its arrays and every key of its objects left out.
// Verification must refuse each of these files, but for
//  - leaves that carry no claim, listed below with the reason of each
//  - leaves of the problem (cluster, profiles, limits): another problem may have the same answer. What is accepted
//  there
//    must be true of it, which planning it anew finds out.

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;
using Path = std::vector<std::string>;

enum class Change { kAny, kOneMore, kRemoved, kWord };

/// No claim, and why. A segment `*` stands for any.
struct Unclaimed {
    const char* path;
    Change change;
    const char* reason;
};
constexpr Unclaimed kUnclaimed[] = {
    {"name", Change::kAny, "a label for tables, as the user chose it"},
    {"notes.*", Change::kAny, "remarks for people; what they speak of is held in its own place"},
    {"certificate.counters.*", Change::kAny, "how much work the search was; nothing is concluded from it"},
    {"certificate.proof.nodes.*.price", Change::kAny, "a witness: any price will do that proves the same bound"},
    {"certificate.proof.nodes.*.refill_price_per_second", Change::kAny, "a witness, as above"},
    {"certificate.proof.nodes.*", Change::kRemoved, "a witness, as above"},
    {"certificate.proof.stage_price", Change::kAny, "a witness, as above"},
    {"certificate.proof.time_price_per_second", Change::kAny, "a witness, as above"},
    {"certificate.proof", Change::kRemoved, "the file claims less: version 1 has no proofs"},
    {"certificate.method", Change::kWord, "which of several searches of this objective found the plan"},
    {"routing.*", Change::kWord, "how to route from now on: the shares that come of it are replayed"},
    {"pipelines.*.predicted.latency_p50_ns", Change::kOneMore, "replayed: to 0.2 %"},
    {"pipelines.*.predicted.latency_p95_ns", Change::kOneMore, "replayed: to 0.2 %"},
    {"predicted.latency_p50_ns", Change::kOneMore, "replayed: to 0.2 %"},
    {"predicted.latency_p95_ns", Change::kOneMore, "replayed: to 0.2 %"},
    {"predicted.latency_mean_ns", Change::kOneMore, "replayed: to 0.2 %"},
    {"pipelines.*", Change::kRemoved, "one that gets no request: what is left routes as before"},
    {"models.*.name", Change::kAny, "a label, as the user chose it"},
    {"models.*.plan.name", Change::kAny, "a label"},
    {"models.*.plan.notes.*", Change::kAny, "remarks for people"},
    {"models.*.plan.pipelines.*.predicted.latency_p50_ns", Change::kOneMore, "replayed: to 0.2 %"},
    {"models.*.plan.pipelines.*.predicted.latency_p95_ns", Change::kOneMore, "replayed: to 0.2 %"},
};

/// Where a file states its problem.
constexpr const char* kProblem[] = {"cluster",
                                    "profiles",
                                    "node_profile",
                                    "limits",
                                    "carbon_weight",
                                    "max_load",
                                    "models.*.rate_per_second",
                                    "models.*.plan.cluster",
                                    "models.*.plan.profiles",
                                    "models.*.plan.node_profile",
                                    "models.*.plan.limits",
                                    "graph"};

bool begins_with(const Path& path, const std::string& pattern) {
    std::size_t begin = 0;
    for (std::size_t i = 0; begin <= pattern.size(); ++i) {
        const std::size_t end = std::min(pattern.find('.', begin), pattern.size());
        const std::string segment = pattern.substr(begin, end - begin);
        if (i >= path.size() || (segment != "*" && segment != path[i])) return false;
        begin = end + 1;
    }
    return true;
}

bool is_whole_path(const Path& path, const std::string& pattern) {
    return begins_with(path, pattern) &&
           std::count(pattern.begin(), pattern.end(), '.') + 1 == static_cast<std::ptrdiff_t>(path.size());
}

bool states_problem(const Path& path) {
    return std::any_of(std::begin(kProblem), std::end(kProblem),
                       [&](const char* pattern) { return begins_with(path, pattern); });
}

struct Alteration {
    Path path;
    Change change = Change::kAny;
    std::string text;  ///< what was done
    Json file;
};

const char* unclaimed(const Alteration& alteration) {
    for (const Unclaimed& row : kUnclaimed) {
        if ((row.change == Change::kAny || row.change == alteration.change) && is_whole_path(alteration.path, row.path))
            return row.reason;
    }
    return nullptr;
}

Json& at(Json& root, const Path& path) {
    Json* here = &root;
    for (const std::string& key : path)
        here = here->is_array() ? &here->at(static_cast<std::size_t>(std::stoul(key))) : &here->at(key);
    return *here;
}

/// Legal words of other places, which a reader may well accept.
const std::vector<std::string> kWords{
    "n0", "n1",          "n2",     "gateway",        "measured",           "policy", "balanced", "paper",
    "si", "round-robin", "carbon", "latency-limits", "exact-label-setting"};

/// A line of a profile with one of its numbers 1 % larger.
std::vector<std::string> altered_lines(const std::string& line) {
    std::vector<std::string> lines;
    std::size_t begin = 0;
    while (begin <= line.size()) {
        const std::size_t end = std::min(line.find(',', begin), line.size());
        double number = 0;
        const auto parsed = std::from_chars(line.data() + begin, line.data() + end, number);
        if (parsed.ec == std::errc() && parsed.ptr == line.data() + end && begin > 0) {
            const bool whole = line.substr(begin, end - begin).find_first_of(".e") == std::string::npos;
            const double more = whole ? std::ceil(number * 1.01 + 0.5) : number * 1.01;
            lines.push_back(line.substr(0, begin) + (whole ? fmt::format("{:.0f}", more) : fmt::format("{}", more)) +
                            line.substr(end));
        }
        begin = end + 1;
    }
    return lines;
}

/// Calls `visit` with every alteration of the file.
template <class Visit>
void alter_each(Json& file, const Json& node, const Path& path, const Visit& visit) {
    const auto with = [&](const Json& value, Change change, const std::string& text) {
        Alteration alteration{path, change, text, file};
        at(alteration.file, path) = value;
        visit(alteration);
    };
    if (node.is_object() || node.is_array()) {
        std::size_t position = 0;
        for (const auto& [name, child] : node.items()) {
            Path below = path;
            below.push_back(node.is_array() ? std::to_string(position) : name);
            alter_each(file, child, below, visit);
            Alteration removed{below, Change::kRemoved, "left out", file};
            Json& parent = at(removed.file, path);
            if (node.is_array()) {
                parent.erase(position);
            } else {
                parent.erase(name);
            }
            visit(removed);
            ++position;
        }
    } else if (node.is_boolean()) {
        with(!node.get<bool>(), Change::kAny, "the opposite");
    } else if (node.is_number_integer()) {
        const auto number = node.get<std::int64_t>();
        with(number + 1, Change::kOneMore, "1 more");
        with(number + number / 100 + 2, Change::kAny, "1 % more");
    } else if (node.is_number()) {
        const auto number = node.get<double>();
        with(number * 1.01, Change::kAny, "1 % more");
        with(number * 0.99, Change::kAny, "1 % less");
        with(number + 1, Change::kAny, "1 more");
    } else if (node.is_string()) {
        const auto text = node.get<std::string>();
        if (states_problem(path)) {
            for (const std::string& line : altered_lines(text)) with(line, Change::kAny, line);
        } else {
            with(text + "x", Change::kAny, "another text");
            with("", Change::kAny, "no text");
            for (const std::string& word : kWords) {
                if (word != text) with(word, Change::kWord, word);
            }
        }
    }
}

struct Tally {
    int refused = 0;
    int unclaimed = 0;
    int other_problem = 0;
};

/// `holds` says whether a file is read and verified; `true_of` whether what it states is so when planned anew.
template <class Holds, class TrueOf>
Tally alter_file(const std::string& text, const Holds& holds, const TrueOf& true_of) {
    REQUIRE(holds(text));
    Tally tally;
    Json file = Json::parse(text);
    const Json original = file;
    alter_each(file, original, {}, [&](const Alteration& alteration) {
        const std::string altered = alteration.file.dump();
        if (!holds(altered)) {
            ++tally.refused;
            return;
        }
        const std::string what = fmt::format("{}: {}", fmt::join(alteration.path, "."), alteration.text);
        CAPTURE(what);
        if (unclaimed(alteration) != nullptr) {
            ++tally.unclaimed;
        } else if (states_problem(alteration.path)) {
            ++tally.other_problem;
            CHECK(true_of(altered));
        } else {
            FAIL_CHECK("a false claim was not refused");
        }
    });
    CHECK(tally.refused > 100);
    return tally;
}

bool plan_holds(const std::string& text) {
    try {
        const Plan plan = read_plan(text, "altered");
        const Verification verification = verify_plan(plan);
        if (!verification.passed()) return false;
        // A price is a witness of the bound that is stated, and of no other.
        const std::optional<BoundProof>& proof = plan.certificate.proof;
        return !proof || std::abs(*verification.proven_bound - proof->bound) <= 1e-9 * std::abs(proof->bound);
    } catch (const InputError&) {
        return false;
    }
}

/// A policy claims no optimum, and all that it states is recomputed.
bool plan_is_true(const std::string& text) {
    const Plan plan = read_plan(text, "altered");
    if (plan.certificate.method == "policy") return true;
    const PlanOrInfeasibility outcome = plan_exactly(problem_of_plan(plan), plan.name);
    if (!std::holds_alternative<Plan>(outcome)) return false;
    const Plan& again = std::get<Plan>(outcome);
    const double tolerance = 1e-8 * again.certificate.value;
    if (!plan.certificate.proven_optimal) return *plan.certificate.lower_bound <= again.certificate.value + tolerance;
    const bool tells_binding = plan.certificate.method.starts_with("exact-");
    return std::abs(again.certificate.value - plan.certificate.value) <= tolerance &&
           (!tells_binding || again.binding == plan.binding);
}

/// Three nodes, of which none holds the whole model, so that stages, legs and prices are there.
PlanningProblem shared_out(std::uint64_t seed, Objective objective, std::size_t layers = 6) {
    SeededRandom random(seed);
    RandomShape shape;
    shape.layers = layers;
    shape.closed_cuts = 0;
    const Plan drawn = random_problem(random, shape);
    PlanningProblem problem;
    problem.cluster = drawn.cluster;
    problem.profiles = drawn.profiles;
    problem.node_profile = drawn.node_profile;
    problem.objective = objective;
    const CostTable table(problem);
    for (std::size_t v = 0; v < problem.cluster.nodes.size(); ++v) {
        const double whole = table.stage(v, {0, layers}).memory_bytes;
        problem.cluster.nodes[v].memory = Bytes(static_cast<std::int64_t>(whole * 0.97));
    }
    return problem;
}

Plan planned(const PlanningProblem& problem) { return std::get<Plan>(plan_exactly(problem, "planned")); }

/// Half way between the latency of the best plan and that of the fastest.
Nanoseconds binding_latency(PlanningProblem problem) {
    const Plan free = planned(problem);
    problem.objective = Objective::kLatency;
    return (free.predicted.latency_mean + planned(problem).predicted.latency_mean) / 2;
}

}  // namespace

TEST_CASE("no claim of a plan file can be altered: all kinds of limits") {
    PlanningProblem problem = shared_out(11, Objective::kCarbon);
    problem.cluster.idle_policy = IdlePolicy::kAttributed;
    problem.limits.latency_mean = binding_latency(problem);
    problem.limits.latency_p95 = Nanoseconds(10'000'000'000);
    problem.limits.throughput_per_second = 0.1;
    problem.limits.max_nodes = 3;
    problem.limits.forbidden.emplace_back("layer0", "n1");
    const Plan plan = planned(problem);
    REQUIRE(plan.pipelines[0].stages.size() > 1);
    REQUIRE_FALSE(plan.binding.empty());
    const Tally tally = alter_file(write_plan(plan), plan_holds, plan_is_true);
    CHECK(tally.other_problem > 10);
}

TEST_CASE("no claim of a plan file can be altered: score, bottleneck and latency") {
    for (const Objective objective : {Objective::kScore, Objective::kBottleneck, Objective::kLatency}) {
        PlanningProblem problem = shared_out(12, objective, 5);
        problem.cluster.idle_policy = objective == Objective::kScore ? IdlePolicy::kFull : IdlePolicy::kNone;
        problem.limits.max_nodes = 2;
        alter_file(write_plan(planned(problem)), plan_holds, plan_is_true);
    }
}

TEST_CASE("no claim of a plan file can be altered: given cuts, a point of a front") {
    PlanningProblem problem = shared_out(13, Objective::kCarbon, 5);
    const FrontOrInfeasibility outcome = pareto_front(problem, {});
    const auto& front = std::get<ParetoFront>(outcome);
    alter_file(write_plan(plan_of_point(problem, front, front.points.front(), "point")), plan_holds, plan_is_true);
    problem.given_cuts = std::vector<std::size_t>{2};
    for (Node& node : problem.cluster.nodes) node.memory = Bytes(node.memory.value() * 2);
    alter_file(write_plan(planned(problem)), plan_holds, plan_is_true);
}

TEST_CASE("no claim of a plan file can be altered: a search cut short") {
    int cut_short = 0;
    for (std::uint64_t seed = 21; seed < 60 && cut_short < 2; ++seed) {
        PlanningProblem problem = shared_out(seed, Objective::kCarbon, 6);
        problem.limits.latency_mean = binding_latency(problem);
        problem.caps.labels = 1;
        const PlanOrInfeasibility outcome = plan_exactly(problem, "cut short");
        const Plan* plan = std::get_if<Plan>(&outcome);
        if (plan == nullptr || plan->certificate.proven_optimal) continue;
        ++cut_short;
        alter_file(write_plan(*plan), plan_holds, plan_is_true);
    }
    CHECK(cut_short == 2);
}

TEST_CASE("no claim of a plan file can be altered: policies that route") {
    PlanningProblem problem = shared_out(14, Objective::kCarbon, 4);
    for (Node& node : problem.cluster.nodes) node.memory = Bytes(node.memory.value() * 2);
    for (const Policy& policy :
         {Policy{Policy::Kind::kRoundRobin, "", "", ""}, Policy{Policy::Kind::kNodeSelection, "", "green", "minmax"}}) {
        const PlanOrInfeasibility outcome = plan_policy(problem, policy, "routed");
        const Plan& plan = std::get<Plan>(outcome);
        REQUIRE(plan.pipelines.size() == 3);
        alter_file(write_plan(plan), plan_holds, plan_is_true);
    }
}

TEST_CASE("no claim of a fleet plan can be altered, its prices included") {
    std::vector<FleetRequest> requests;
    Cluster cluster;
    for (int m = 0; m < 3; ++m) {
        SeededRandom random(5);
        RandomShape shape;
        shape.layers = 3;
        shape.own_profiles = 0;
        const Plan drawn = random_problem(random, shape);
        FleetRequest request;
        request.name = fmt::format("model{}", m);
        request.rate_per_second = 0.1 * (m + 1);
        request.problem.profiles = drawn.profiles;
        request.problem.node_profile = drawn.node_profile;
        cluster = drawn.cluster;
        for (Node& node : cluster.nodes) {
            node.memory = Bytes(drawn.profiles[0].load_peak_bytes.value() * 3 / 2);
        }
        requests.push_back(std::move(request));
    }
    for (FleetRequest& request : requests) request.problem.cluster = cluster;
    const FleetPlanOrInfeasibility outcome = plan_fleet(requests, 0.8);
    const auto& fleet = std::get<FleetPlan>(outcome);
    double prices = 0;
    for (const FleetNodeUse& use : fleet.nodes) prices += use.memory_price + use.cores_price;
    REQUIRE(prices > 0);
    const auto holds = [](const std::string& text) {
        try {
            return verify_fleet_plan(read_fleet_plan(text, "altered")).passed();
        } catch (const InputError&) {
            return false;
        }
    };
    const auto is_true = [](const std::string& text) {
        const FleetPlan altered = read_fleet_plan(text, "altered");
        std::vector<FleetRequest> again;
        for (const FleetMember& member : altered.members) {
            again.push_back({member.name, member.rate_per_second, problem_of_plan(member.plan)});
        }
        const FleetPlanOrInfeasibility planned = plan_fleet(again, altered.max_load);
        const auto* best = std::get_if<FleetPlan>(&planned);
        return best != nullptr &&
               std::abs(best->certificate.value - altered.certificate.value) <= 1e-8 * best->certificate.value;
    };
    alter_file(write_fleet_plan(fleet), holds, is_true);
}

TEST_CASE("no claim of a graph plan can be altered") {
    const auto holds = [](const std::string& text) {
        try {
            return verify_graph_plan(read_graph_plan(text, "altered")).passed();
        } catch (const InputError&) {
            return false;
        }
    };
    const auto is_true = [](const std::string& text) {
        const GraphPlan altered = read_graph_plan(text, "altered");
        const GraphPlanOrInfeasibility planned = plan_graph(altered.graph);
        const auto* best = std::get_if<GraphPlan>(&planned);
        const double value = altered.certificate.value.count();
        return best != nullptr && std::abs(best->certificate.value.count() - value) <= 1e-8 * value;
    };
    int plans = 0;
    for (std::uint64_t seed = 1; plans < 4; ++seed) {
        const GraphPlanOrInfeasibility outcome = plan_graph(random_graph(seed, 8));
        const auto* plan = std::get_if<GraphPlan>(&outcome);
        if (plan == nullptr || plan->devices.size() < 2) continue;
        ++plans;
        alter_file(write_graph_plan(*plan), holds, is_true);
    }
}

}  // namespace carbonedge
