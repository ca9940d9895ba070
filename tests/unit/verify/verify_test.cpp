#include "lib/verify/verify.h"
#include "lib/planner/policies.h"
#include "tests/support/random_problem.h"

#include <doctest/doctest.h>
#include <array>
#include <functional>
#include <string>

namespace carbonedge {
namespace {

PlanningProblem draw(SeededRandom& random, Objective objective) {
    RandomShape shape;
    shape.layers = 6 + random.below(10);
    shape.nodes = 2 + random.below(3);
    const Plan drawn = random_problem(random, shape);
    PlanningProblem problem;
    problem.cluster = drawn.cluster;
    problem.profiles = drawn.profiles;
    problem.node_profile = drawn.node_profile;
    problem.objective = objective;
    for (LayerProfile& layer : problem.profiles[0].layers) {
        layer.energy = EnergyReading{Joules(random.uniform(0.01, 0.1)), Joules(0.004), Provenance::kEstimated,
                                     "model:cpu-seconds", "core-dynamic"};
    }
    return problem;
}

/// A plan of at least two stages, so that every kind of field is there.
Plan staged_plan(Objective objective) {
    SeededRandom random(4242);
    for (;;) {
        PlanningProblem problem = draw(random, objective);
        problem.cluster.idle_policy = IdlePolicy::kFull;
        for (Node& node : problem.cluster.nodes) {
            node.embodied = GramsCo2e(1e5);
            node.lifetime = Seconds(1e8);
        }
        problem.limits.latency_mean = Nanoseconds(10'000'000'000);
        problem.limits.latency_p95 = Nanoseconds(10'000'000'000);
        problem.limits.throughput_per_second = 0.1;
        problem.limits.max_nodes = 4;
        const std::size_t whole = problem.profiles[0].layers.size();
        const CostTable table(problem);
        for (std::size_t v = 0; v < problem.cluster.nodes.size(); ++v) {  // no node holds the whole model
            problem.cluster.nodes[v].memory =
                Bytes(static_cast<std::int64_t>(table.stage(v, {0, whole}).memory_bytes * 0.97));
        }
        const PlanOrInfeasibility outcome = plan_exactly(problem, "staged");
        if (std::holds_alternative<Plan>(outcome)) return std::get<Plan>(outcome);
    }
}

struct Mutation {
    std::string name;
    std::function<void(Plan&)> apply;
};

CarbonParts& any_part(CarbonParts& parts, int which, double factor) {
    double before = 0;
    const auto change = [&](auto& quantity) {
        before = quantity.value();
        quantity = std::remove_reference_t<decltype(quantity)>(before * factor + 1e-9);
    };
    switch (which) {
        case 0:
            change(parts.compute_joules);
            break;
        case 1:
            change(parts.transport_cpu_joules);
            break;
        case 2:
            change(parts.link_joules);
            break;
        case 3:
            change(parts.idle_joules);
            break;
        case 4:
            change(parts.compute_grams);
            break;
        case 5:
            change(parts.transport_cpu_grams);
            break;
        case 6:
            change(parts.link_grams);
            break;
        case 7:
            change(parts.idle_grams);
            break;
        default:
            change(parts.embodied_grams);
            break;
    }
    return parts;
}

std::vector<Mutation> mutations() {
    std::vector<Mutation> list{
        {"stage node", [](Plan& p) { p.pipelines[0].stages[0].node = "nobody"; }},
        {"stage end", [](Plan& p) { p.pipelines[0].stages[0].layers.end += 1; }},
        {"stage first", [](Plan& p) { p.pipelines[0].stages[0].layers.first = 1; }},
        {"last stage end", [](Plan& p) { p.pipelines[0].stages.back().layers.end -= 1; }},
        {"same node twice", [](Plan& p) { p.pipelines[0].stages[1].node = p.pipelines[0].stages[0].node; }},
        {"stage busy", [](Plan& p) { p.pipelines[0].stages[0].busy += Nanoseconds(3); }},
        {"stage cpu", [](Plan& p) { p.pipelines[0].stages[0].cpu -= Nanoseconds(3); }},
        {"stage memory", [](Plan& p) { p.pipelines[0].stages[0].memory += Bytes(3); }},
        {"stage input bytes", [](Plan& p) { p.pipelines[0].stages[1].input_bytes += Bytes(1); }},
        {"transfer from", [](Plan& p) { p.pipelines[0].transfers[1].from = "gateway"; }},
        {"transfer to", [](Plan& p) { p.pipelines[0].transfers[1].to = "gateway"; }},
        {"transfer bytes", [](Plan& p) { p.pipelines[0].transfers[1].bytes += Bytes(1); }},
        {"transfer time", [](Plan& p) { p.pipelines[0].transfers[1].time += Nanoseconds(3); }},
        {"transfer dropped", [](Plan& p) { p.pipelines[0].transfers.pop_back(); }},
        {"stage dropped", [](Plan& p) { p.pipelines[0].stages.pop_back(); }},
        {"no pipeline", [](Plan& p) { p.pipelines.clear(); }},
        {"pipeline mean",
         [](Plan& p) { p.pipelines[0].predicted.latency_mean = p.pipelines[0].predicted.latency_mean * 101 / 100; }},
        {"pipeline median",
         [](Plan& p) { p.pipelines[0].predicted.latency_p50 = p.pipelines[0].predicted.latency_p50 * 12 / 10; }},
        {"pipeline p95",
         [](Plan& p) { p.pipelines[0].predicted.latency_p95 = p.pipelines[0].predicted.latency_p95 * 8 / 10; }},
        {"pipeline rate", [](Plan& p) { p.pipelines[0].predicted.throughput_per_second *= 1.001; }},
        {"pipelined rate", [](Plan& p) { p.pipelines[0].predicted.pipeline_throughput_per_second *= 1.001; }},
        {"uncertainty",
         [](Plan& p) { p.pipelines[0].predicted.uncertainty = p.pipelines[0].predicted.uncertainty * 1.01; }},
        {"provenance", [](Plan& p) { p.pipelines[0].predicted.provenance = Provenance::kMeasured; }},
        {"plan mean", [](Plan& p) { p.predicted.latency_mean += Nanoseconds(1); }},
        {"plan p95", [](Plan& p) { p.predicted.latency_p95 += Nanoseconds(1); }},
        {"plan median", [](Plan& p) { p.predicted.latency_p50 += Nanoseconds(1); }},
        {"plan rate", [](Plan& p) { p.predicted.throughput_per_second *= 1.01; }},
        {"plan grams", [](Plan& p) { p.predicted.parts.compute_grams = p.predicted.parts.compute_grams * 0.99; }},
        {"share", [](Plan& p) { p.pipelines[0].share = 0.9; }},
        {"value", [](Plan& p) { p.certificate.value *= 0.999; }},
        {"bound above", [](Plan& p) { p.certificate.lower_bound = p.certificate.value * 1.001; }},
        {"bound below", [](Plan& p) { p.certificate.lower_bound = p.certificate.value * 0.9; }},
        {"gap", [](Plan& p) { p.certificate.gap = 0.01; }},
        {"gap missing", [](Plan& p) { p.certificate.gap.reset(); }},
        {"method", [](Plan& p) { p.certificate.method = "policy"; }},
        {"no method", [](Plan& p) { p.certificate.method.clear(); }},
        {"binding", [](Plan& p) { p.binding.emplace_back("the weather"); }},
        {"routing policy", [](Plan& p) { p.routing.policy = "random"; }},
        {"routing mode", [](Plan& p) { p.routing.mode = "green"; }},
        {"carbon weight", [](Plan& p) { p.carbon_weight += 0.1; }},
        {"carbon reference", [](Plan& p) { p.carbon_reference_grams = p.carbon_reference_grams * 1.1 + 1; }},
        {"latency reference", [](Plan& p) { p.latency_reference_seconds = p.latency_reference_seconds * 1.1 + 1; }},
        {"node_profile", [](Plan& p) { p.node_profile[0] = 17; }},
        {"node_profile length", [](Plan& p) { p.node_profile.pop_back(); }},
        {"node twice", [](Plan& p) { p.cluster.nodes[1].name = p.cluster.nodes[0].name; }},
        {"mean limit", [](Plan& p) { p.limits.latency_mean = Nanoseconds(1000); }},
        {"p95 limit", [](Plan& p) { p.limits.latency_p95 = Nanoseconds(1000); }},
        {"throughput limit", [](Plan& p) { p.limits.throughput_per_second = 1e6; }},
        {"node limit", [](Plan& p) { p.limits.max_nodes = 1; }},
        {"unknown pin", [](Plan& p) { p.limits.pinned.emplace_back("layer0", "nobody"); }},
        {"broken pin", [](Plan& p) { p.limits.pinned.emplace_back("layer0", p.pipelines[0].stages[1].node); }},
        {"broken ban", [](Plan& p) { p.limits.forbidden.emplace_back("*", p.pipelines[0].stages[0].node); }},
        {"closed cut",
         [](Plan& p) { p.profiles[0].layers[p.pipelines[0].stages[0].layers.end - 1].cut_after = false; }},
        {"other model",
         [](Plan& p) {
             p.profiles.push_back(p.profiles[0]);
             p.profiles.back().model_sha256 = "x";
         }},
    };
    const auto on_node = [&](const std::string& name, const std::function<void(Node&)>& change) {
        list.push_back({name, [change](Plan& p) {
                            for (Node& node : p.cluster.nodes) change(node);
                        }});
    };
    on_node("node memory", [](Node& n) { n.memory = Bytes(1000); });
    on_node("node cpus", [](Node& n) { n.cpus *= 0.9; });
    on_node("node intensity", [](Node& n) { n.intensity = n.intensity * 1.01; });
    on_node("node busy power", [](Node& n) { n.busy_power_per_core += Watts(0.1); });
    on_node("node idle power", [](Node& n) { n.idle_power_per_core += Watts(0.1); });
    on_node("node pue", [](Node& n) { n.pue *= 1.01; });
    on_node("node embodied", [](Node& n) { n.embodied = n.embodied * 1.01; });
    on_node("node lifetime", [](Node& n) { n.lifetime = n.lifetime * 1.01; });
    for (int part = 0; part < 9; ++part) {
        const std::string name = "part " + std::to_string(part);
        list.push_back({"stage " + name, [part](Plan& p) { any_part(p.pipelines[0].stages[1].parts, part, 1.001); }});
        list.push_back(
            {"transfer " + name, [part](Plan& p) { any_part(p.pipelines[0].transfers[1].parts, part, 1.001); }});
        list.push_back({"prediction " + name, [part](Plan& p) {
                            any_part(p.pipelines[0].predicted.parts, part, 1.001);
                            p.predicted = p.pipelines[0].predicted;
                        }});
    }
    const auto on_row = [&](const std::string& name, const std::function<void(LayerProfile&)>& change) {
        list.push_back({"row " + name, [change](Plan& p) {
                            for (Profile& profile : p.profiles) change(profile.layers[2]);
                        }});
    };
    on_row("latency", [](LayerProfile& l) { l.latency_median += Nanoseconds(10'000); });
    on_row("cpu", [](LayerProfile& l) { l.cpu_mean += Nanoseconds(10'000); });
    on_row("weights", [](LayerProfile& l) { l.weight_bytes += Bytes(100'000); });
    list.push_back({"profile peak", [](Plan& p) {
                        for (Profile& profile : p.profiles) {
                            for (LayerProfile& layer : profile.layers) layer.peak_bytes += Bytes(100);
                        }
                    }});
    list.push_back({"boundary", [](Plan& p) {
                        for (Profile& profile : p.profiles) profile.boundary.fixed_ns += 50;
                    }});
    list.push_back({"transport wall", [](Plan& p) { p.cluster.transport.fixed_ns += 50; }});
    list.push_back({"transport cpu", [](Plan& p) { p.cluster.transport.send_cpu_fixed_ns += 50; }});
    list.push_back({"idle policy", [](Plan& p) { p.cluster.idle_policy = IdlePolicy::kNone; }});
    return list;
}

}  // namespace

TEST_CASE("every plan of the planner and of the policies verifies, on 300 seeded problems") {
    SeededRandom random(77);
    const std::array<Objective, 5> objectives{Objective::kCarbon, Objective::kEnergy, Objective::kLatency,
                                              Objective::kBottleneck, Objective::kScore};
    int verified = 0;
    for (int round = 0; round < 300; ++round) {
        CAPTURE(round);
        PlanningProblem problem = draw(random, objectives[static_cast<std::size_t>(round) % objectives.size()]);
        if (round % 2 == 0)
            problem.limits.latency_p95 = Nanoseconds(static_cast<std::int64_t>(random.uniform(5e6, 2e8)));
        std::vector<PlanOrInfeasibility> outcomes{plan_exactly(problem, "exact")};
        outcomes.push_back(plan_policy(problem, {Policy::Kind::kMonolithic, "n0", "", ""}, "mono"));
        outcomes.push_back(plan_policy(problem, {Policy::Kind::kRoundRobin, "", "", ""}, "rr"));
        outcomes.push_back(plan_policy(problem, {Policy::Kind::kNodeSelection, "", "green", "minmax"}, "green"));
        for (const PlanOrInfeasibility& outcome : outcomes) {
            if (!std::holds_alternative<Plan>(outcome)) continue;
            const Verification verification = verify_plan(std::get<Plan>(outcome));
            CAPTURE(std::get<Plan>(outcome).name);
            for (const std::string& breach : verification.breaches) FAIL_CHECK(breach);
            ++verified;
        }
    }
    CHECK(verified > 600);
}

TEST_CASE("a plan may take as long as its limit to the nanosecond that its times are rounded to") {
    Plan plan = staged_plan(Objective::kCarbon);
    const Recomputer recomputer(plan);
    std::vector<NamedStage> stages;
    for (const PlannedStage& stage : plan.pipelines[0].stages) stages.push_back({stage.layers, stage.node});
    RecomputedPipeline pipeline = recomputer.pipeline(stages);
    pipeline.refill = Seconds(0);
    plan.limits.latency_p95.reset();
    plan.limits.latency_mean = Nanoseconds(50'000'000);
    struct Row {
        double nanoseconds;
        double slack;
        bool kept;
    };
    for (const Row row : {Row{50'000'000, 1e-9, true}, Row{50'000'000.5, 1e-9, true}, Row{50'000'002, 1e-9, false},
                          Row{50'000'000.5, 0, false}, Row{50'000'000, -1e-9, false}}) {
        CAPTURE(row.nanoseconds);
        pipeline.unthrottled = Seconds(row.nanoseconds / 1e9);
        CHECK(broken_limits(plan, stages, pipeline, row.slack).empty() == row.kept);
    }
}

TEST_CASE("a plan with any one field tampered with is rejected") {
    for (const Objective objective : {Objective::kCarbon, Objective::kScore}) {
        const Plan plan = staged_plan(objective);
        REQUIRE(plan.pipelines[0].stages.size() > 1);
        REQUIRE(verify_plan(plan).passed());
        for (const Mutation& mutation : mutations()) {
            CAPTURE(mutation.name);
            Plan tampered = plan;
            mutation.apply(tampered);
            CHECK_FALSE(verify_plan(tampered).passed());
        }
    }
}

TEST_CASE("a routed plan with its shares or sums tampered with is rejected") {
    SeededRandom random(31);
    for (const char* kind : {"round-robin", "node-selection"}) {
        PlanningProblem problem = draw(random, Objective::kCarbon);
        Policy policy{Policy::Kind::kRoundRobin, "", "", ""};
        if (std::string(kind) == "node-selection") policy = {Policy::Kind::kNodeSelection, "", "green", "minmax"};
        const Plan plan = std::get<Plan>(plan_policy(problem, policy, kind));
        REQUIRE(plan.pipelines.size() > 1);
        REQUIRE(verify_plan(plan).passed());
        const std::vector<Mutation> routed{
            {"share", [](Plan& p) { p.pipelines[0].share += p.pipelines[0].share > 0.5 ? -0.1 : 0.1; }},
            {"shares moved",
             [](Plan& p) {
                 const double step = p.pipelines[0].share > 0.5 ? -0.1 : 0.1;
                 p.pipelines[0].share += step;
                 p.pipelines[1].share -= step;
             }},
            {"policy", [](Plan& p) { p.routing.policy = "single"; }},
            {"mode", [](Plan& p) { p.routing.mode = "blue"; }},
            {"variant", [](Plan& p) { p.routing.variant = "blue"; }},
            {"mean", [](Plan& p) { p.predicted.latency_mean = Nanoseconds(10); }},
            {"median", [](Plan& p) { p.predicted.latency_p50 = Nanoseconds(10); }},
            {"p95", [](Plan& p) { p.predicted.latency_p95 = Nanoseconds(10); }},
            {"rate", [](Plan& p) { p.predicted.throughput_per_second *= 1.01; }},
            {"pipelined rate", [](Plan& p) { p.predicted.pipeline_throughput_per_second *= 1.01; }},
            {"grams", [](Plan& p) { p.predicted.parts.compute_grams = p.predicted.parts.compute_grams * 1.01; }},
            {"uncertainty", [](Plan& p) { p.predicted.uncertainty += Joules(1); }},
            {"provenance", [](Plan& p) { p.predicted.provenance = Provenance::kMeasured; }},
            {"value", [](Plan& p) { p.certificate.value *= 1.01; }},
            {"optimum", [](Plan& p) { p.certificate.proven_optimal = true; }},
            {"mean limit", [](Plan& p) { p.limits.latency_mean = Nanoseconds(10); }},
            {"p95 limit", [](Plan& p) { p.limits.latency_p95 = Nanoseconds(10); }},
            {"rate limit", [](Plan& p) { p.limits.throughput_per_second = 1e9; }},
        };
        for (const Mutation& mutation : routed) {
            CAPTURE(kind);
            CAPTURE(mutation.name);
            Plan tampered = plan;
            mutation.apply(tampered);
            CHECK_FALSE(verify_plan(tampered).passed());
        }
    }
}

TEST_CASE("a bound that a simple pipeline beats is found out, value and gap notwithstanding") {
    SeededRandom random(12);
    int found = 0;
    for (int round = 0; round < 40; ++round) {
        const PlanningProblem problem = draw(random, Objective::kLatency);
        // The slowest node's monolithic plan, dressed up as an optimum.
        std::optional<Plan> worst;
        for (const Node& node : problem.cluster.nodes) {
            const PlanOrInfeasibility one = plan_policy(problem, {Policy::Kind::kMonolithic, node.name, "", ""}, "m");
            const Plan& plan = std::get<Plan>(one);
            if (!worst || plan.certificate.value > worst->certificate.value) worst = plan;
        }
        worst->certificate.method = "exact-label-setting";
        worst->certificate.proven_optimal = true;
        worst->certificate.lower_bound = worst->certificate.value;
        worst->certificate.gap = 0;
        found += verify_plan(*worst).passed() ? 0 : 1;
    }
    CHECK(found == 40);
}

}  // namespace carbonedge
