// Prints how long exact planning takes over layers x nodes x seeds (benchmarks/planner_instances.h): CPU time of
// building the tables and searching, in this one thread.
//   planner_table [--seeds N] [--objective NAME] [--sizes 100x8,200x20] [--limit SECONDS] [--throttled] [--each]
// A size LxN:K has N nodes of K kinds. Objectives: carbon energy latency bottleneck score.
#include "benchmarks/planner_instances.h"
#include "lib/planner/solve.h"

#include <fmt/format.h>
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

namespace carbonedge {
namespace {

struct Settings {
    std::size_t seeds = 11;
    Objective objective = Objective::kCarbon;
    std::vector<InstanceShape> shapes;
    double limit_seconds = 60;
    bool throttled = false;
    bool each = false;
    std::uint64_t first_seed = 1;
};

struct Outcome {
    double milliseconds = 0;
    double gap = 0;
    double root_gap = 0;
    double rounds = 0;
    double labels = 0;
    double stages = 0;
    SearchStatus status = SearchStatus::kInfeasible;
};

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

Outcome run(const InstanceShape& shape, const Settings& settings, std::uint64_t seed) {
    PlanningProblem problem = planning_instance(shape, settings.objective, seed);
    const double start = cpu_seconds();
    ExactPlannerOptions options;
    options.certify = true;
    options.out_of_time = [&] { return cpu_seconds() - start > settings.limit_seconds; };
    const Solution solution = solve(problem, options);
    Outcome outcome;
    outcome.milliseconds = (cpu_seconds() - start) * 1e3;
    outcome.status = solution.status;
    const auto counter = [&](const char* name) {
        const auto found = solution.search.counters.find(name);
        return found == solution.search.counters.end() ? 0.0 : found->second;
    };
    outcome.rounds = counter("price rounds");
    outcome.labels = counter("labels kept");
    outcome.stages = static_cast<double>(solution.placement.size());
    if (!solution.placement.empty()) {
        const double value = solution.search.value;
        outcome.gap = 100 * (value - solution.search.lower_bound) / value;
        outcome.root_gap = solution.priced_bound ? 100 * (value - *solution.priced_bound) / value : 0;
    }
    return outcome;
}

template <class Field>
double median(std::vector<Outcome> outcomes, Field field) {
    std::sort(outcomes.begin(), outcomes.end(),
              [&](const Outcome& left, const Outcome& right) { return left.*field < right.*field; });
    return outcomes[outcomes.size() / 2].*field;
}

template <class Field>
double worst(const std::vector<Outcome>& outcomes, Field field) {
    double result = 0;
    for (const Outcome& outcome : outcomes) result = std::max(result, outcome.*field);
    return result;
}

std::string status_text(SearchStatus status) {
    if (status == SearchStatus::kOptimal) return "optimal";
    return status == SearchStatus::kInfeasible ? "infeasible" : "bounded";
}

void print_size(const InstanceShape& shape, const Settings& settings) {
    std::vector<Outcome> outcomes;
    for (std::size_t s = 0; s < settings.seeds; ++s) {
        outcomes.push_back(run(shape, settings, settings.first_seed + s));
        if (!settings.each) continue;
        const Outcome& one = outcomes.back();
        fmt::print(
            "  seed {:>3}: {:>9.2f} ms  {:<10}  gap {:.3f} %  prices alone {:.3f} %  {:.0f} rounds, {:.0f} labels, "
            "{:.0f} stages\n",
            settings.first_seed + s, one.milliseconds, status_text(one.status), one.gap, one.root_gap, one.rounds,
            one.labels, one.stages);
    }
    const auto optimal = std::count_if(outcomes.begin(), outcomes.end(),
                                       [](const Outcome& one) { return one.status != SearchStatus::kStopped; });
    const std::string size =
        fmt::format("{}x{}{}", shape.layers, shape.nodes, shape.kinds == 0 ? "" : fmt::format(":{}", shape.kinds));
    fmt::print("{:<10} {:>5} {:>10.2f} {:>10.2f} {:>8} {:>9.3f} {:>12.2f} {:>12.2f} {:>9.0f} {:>11.0f}\n", size,
               settings.seeds, median(outcomes, &Outcome::milliseconds), worst(outcomes, &Outcome::milliseconds),
               optimal, worst(outcomes, &Outcome::gap), median(outcomes, &Outcome::root_gap),
               worst(outcomes, &Outcome::root_gap), median(outcomes, &Outcome::labels),
               worst(outcomes, &Outcome::labels));
    std::fflush(stdout);
}

InstanceShape shape_of(const std::string& text) {
    InstanceShape shape;
    char* rest = nullptr;
    shape.layers = std::strtoull(text.c_str(), &rest, 10);
    if (*rest == 'x') shape.nodes = std::strtoull(rest + 1, &rest, 10);
    if (*rest == ':') shape.kinds = std::strtoull(rest + 1, &rest, 10);
    if (*rest != '\0' || shape.layers == 0 || shape.nodes == 0) {
        fmt::print(stderr, "planner_table: '{}' is not of the form LAYERSxNODES or LAYERSxNODES:KINDS\n", text);
        std::exit(2);
    }
    return shape;
}

Settings settings_of(int argc, char** argv) {
    Settings settings;
    std::string sizes = "50x5,100x8,200x10,200x20,400x30,200x64:4";
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const auto value = [&] {
            if (i + 1 < argc) return std::string(argv[++i]);
            fmt::print(stderr, "planner_table: {} needs a value\n", word);
            std::exit(2);
        };
        if (word == "--seeds") {
            settings.seeds = std::strtoull(value().c_str(), nullptr, 10);
        } else if (word == "--first-seed") {
            settings.first_seed = std::strtoull(value().c_str(), nullptr, 10);
        } else if (word == "--sizes") {
            sizes = value();
        } else if (word == "--limit") {
            settings.limit_seconds = std::strtod(value().c_str(), nullptr);
        } else if (word == "--throttled") {
            settings.throttled = true;
        } else if (word == "--each") {
            settings.each = true;
        } else if (word == "--objective") {
            const std::string name = value();
            bool known = false;
            for (const Objective objective : {Objective::kCarbon, Objective::kEnergy, Objective::kLatency,
                                              Objective::kBottleneck, Objective::kScore}) {
                if (objective_name(objective) != name) continue;
                settings.objective = objective;
                known = true;
            }
            if (!known) {
                fmt::print(stderr, "planner_table: unknown objective '{}'\n", name);
                std::exit(2);
            }
        } else {
            fmt::print(stderr, "planner_table: unknown option '{}', see the head of benchmarks/planner_table.cpp\n",
                       word);
            std::exit(2);
        }
    }
    for (std::size_t begin = 0; begin <= sizes.size();) {
        const std::size_t comma = std::min(sizes.find(',', begin), sizes.size());
        settings.shapes.push_back(shape_of(sizes.substr(begin, comma - begin)));
        settings.shapes.back().throttled = settings.throttled;
        begin = comma + 1;
    }
    if (settings.seeds == 0) settings.seeds = 1;
    return settings;
}

}  // namespace
}  // namespace carbonedge

int main(int argc, char** argv) {
    using namespace carbonedge;
    const Settings settings = settings_of(argc, argv);
    fmt::print("minimising {}{}; closed: proven optimal or infeasible\n", objective_name(settings.objective),
               settings.throttled ? ", throttled nodes" : "");
    fmt::print("{:<10} {:>5} {:>10} {:>10} {:>8} {:>9} {:>12} {:>12} {:>9} {:>11}\n", "size", "seeds", "median ms",
               "worst ms", "closed", "worst gap", "prices gap", "worst", "labels", "worst");
    for (const InstanceShape& shape : settings.shapes) print_size(shape, settings);
    return 0;
}
