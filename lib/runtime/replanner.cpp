#include "lib/runtime/replanner.h"

#include "lib/base/errors.h"
#include "lib/planner/exact_planner.h"
#include "lib/tradeoff/plan_problem.h"
#include "lib/transport/clocks.h"
#include "lib/verify/verify.h"

#include <stdexcept>

namespace carbonedge {

Replanner::Replanner(const Plan& plan, const MovePolicy& policy, Seconds time_limit)
    : running_(plan), problem_(problem_of_plan(plan)), policy_(policy), time_limit_(time_limit) {
    if (plan.pipelines.size() != 1) {
        throw UsageError("--replan moves a plan of one pipeline; this one routes over several");
    }
}

Replanner::Step Replanner::decide(const Cluster& cluster) {
    problem_.cluster = cluster;
    running_.cluster = cluster;
    const Placement from = placement_of_plan(running_, problem_);
    ExactPlannerOptions options;
    options.incumbent = from;
    options.out_of_time = [until = now_monotonic() + to_nanoseconds(time_limit_)] { return now_monotonic() > until; };
    const PlanOrInfeasibility outcome = plan_exactly(problem_, running_.name, options);
    Step step;
    if (const auto* infeasibility = std::get_if<Infeasibility>(&outcome)) {
        step.reason = "no plan keeps its limits now: " + infeasibility->explanation;
        return step;
    }
    const Plan& next = std::get<Plan>(outcome);
    const MoveDecision decision =
        decide_move(problem_, running_pipeline(cluster, from), placement_of_plan(next, problem_), policy_);
    step.verdict = decision.verdict;
    step.reason = decision.reason;
    step.saving = decision.saving();
    step.account = decision.account;
    if (step.verdict == MoveVerdict::kStay) return step;
    const Verification verification = verify_plan(next);
    if (!verification.passed()) {
        throw std::logic_error("the plan fails its verification: " + verification.breaches.front());
    }
    before_ = std::move(running_);
    running_ = next;
    step.next = next;
    return step;
}

void Replanner::take_back() {
    if (!before_) return;
    running_ = std::move(*before_);
    before_.reset();
}

}  // namespace carbonedge
