#include "lib/runtime/failover.h"

#include "lib/base/errors.h"
#include "lib/transport/clocks.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <iterator>
#include <utility>

namespace carbonedge {
namespace {

// Among the routes of a pipeline the lowest rank is taken. The plan's own have 0, and less with every move.
constexpr int kSpareRank = 1;
constexpr int kBestStandInRank = 1000;
constexpr int kQuickStandInRank = 1001;

bool same_stages(const Pipeline& left, const Pipeline& right) {
    return std::ranges::equal(left.stages, right.stages, [](const PlannedStage& a, const PlannedStage& b) {
        return a.node == b.node && a.layers == b.layers;
    });
}

bool uses_any(const Pipeline& pipeline, const std::set<std::string>& nodes) {
    return std::ranges::any_of(pipeline.stages, [&](const PlannedStage& stage) { return nodes.contains(stage.node); });
}

std::string stages_text(const Pipeline& pipeline) {
    std::vector<std::string> parts;
    for (const PlannedStage& stage : pipeline.stages)
        parts.push_back(fmt::format("layers {}-{} on {}", stage.layers.first, stage.layers.end - 1, stage.node));
    return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

Failover::Failover(const Plan& plan, Engine& engine, const FailoverOptions& options, Note note,
                   const std::stop_token& stop)
    : plan_(plan), engine_(engine), options_(options), note_(std::move(note)) {
    if (!note_) note_ = [](const std::string&) {};
    if (options_.spares != Spares::kNone && !engine.can_change()) {
        throw UsageError(fmt::format(
            "--spares: the engine '{}' cannot change its pipelines while it runs; take process", engine.name()));
    }
    if (options_.spares != Spares::kNone) planner_ = std::make_unique<SparePlanner>(plan);
    for (std::size_t i = 0; i < plan.pipelines.size(); ++i) {
        wanted_.push_back(
            {plan.pipelines[i], {i, {}, own_rank_}, true, static_cast<RouteNumber>(i), 0, Nanoseconds(0)});
    }
    if (options_.spares == Spares::kWarm) plan_spares();
    for (Wanted& wanted : wanted_) {
        if (!wanted.route) wanted.route = engine_.open_route(wanted.pipeline, wanted.use, stop);
    }
    engine_.on_change([this] {
        const std::lock_guard lock(mutex_);
        news_ = true;
        settled_ = false;
        changed_.notify_all();
    });
    thread_ = std::jthread([this](const std::stop_token& ending) { keep_up(ending); });
}

Failover::~Failover() {
    engine_.on_change(nullptr);
    thread_.request_stop();
    thread_.join();
}

HeldStages Failover::held() const {
    std::vector<Pipeline> open;
    // What is only wanted at the moment will be held again.
    for (const Wanted& wanted : wanted_) open.push_back(wanted.pipeline);
    for (const Wanted& wanted : stand_ins_) open.push_back(wanted.pipeline);
    return held_stages(open);
}

void Failover::plan_spares() {
    for (std::size_t i = 0; i < plan_.pipelines.size(); ++i) {
        int rank = kSpareRank;
        for (const PlannedStage& avoided : plan_.pipelines[i].stages) {
            const auto does_without = [&](const Wanted& wanted) { return !uses_any(wanted.pipeline, {avoided.node}); };
            if (std::ranges::any_of(wanted_, does_without)) continue;  // another pipeline or spare serves for this one
            const std::optional<Spare> spare = planner_->best({avoided.node}, held());
            if (!spare) {
                const std::optional<std::string> pinned = planner_->pinned_to({avoided.node});
                note_(pinned ? fmt::format("no spare without node '{}', for {}; requests wait until it is back",
                                           avoided.node, *pinned)
                             : fmt::format("no spare without node '{}' fits beside what is loaded; it will be loaded "
                                           "when needed",
                                           avoided.node));
                continue;
            }
            for (const std::string& limit : spare->broken)
                note_(fmt::format("the spare without node '{}' breaks {}", avoided.node, limit));
            note_(fmt::format("spare without node '{}': {}", avoided.node, stages_text(spare->pipeline)));
            wanted_.push_back({spare->pipeline, {i, {}, rank++}, false, std::nullopt, 0, Nanoseconds(0)});
        }
    }
}

bool Failover::served(std::size_t pipeline) const {
    const std::map<RouteNumber, bool> routes = engine_.open_routes();
    const auto serves = [&](const Wanted& wanted) {
        if (wanted.use.pipeline != pipeline || !wanted.route) return false;
        const auto found = routes.find(*wanted.route);
        return found != routes.end() && found->second;
    };
    return std::ranges::any_of(wanted_, serves) || std::ranges::any_of(stand_ins_, serves);
}

bool Failover::open(Wanted& wanted, const std::stop_token& stop) {
    try {
        wanted.route = engine_.open_route(wanted.pipeline, wanted.use, stop);
        wanted.failures = 0;
        return true;
    } catch (const Interrupted&) {
        return false;
    } catch (const std::exception& error) {
        const auto doubled = options_.first_retry * (std::int64_t{1} << std::min(wanted.failures, 20));
        const Nanoseconds wait = std::min<Nanoseconds>(doubled, options_.longest_retry);
        ++wanted.failures;
        wanted.retry = now_monotonic() + wait;
        note_(fmt::format("cannot open {}: {}; tried again in {}", stages_text(wanted.pipeline), error.what(),
                          duration_text(to_seconds(wait))));
        return false;
    }
}

void Failover::stand_in(std::size_t pipeline, bool quickly, const std::stop_token& stop) {
    if (!planner_) return;
    const std::set<std::string> failed = engine_.failed_nodes();
    const std::optional<Spare> spare = quickly ? planner_->quickest(failed, held()) : planner_->best(failed, held());
    if (!spare) {
        const std::optional<std::string> pinned = planner_->pinned_to(failed);
        if (quickly) {
            note_(fmt::format("no pipeline without {} {}", fmt::join(failed, ", "),
                              pinned ? "is allowed: " + *pinned : "fits"));
        }
        return;
    }
    const auto same = [&](const Wanted& wanted) { return same_stages(wanted.pipeline, spare->pipeline); };
    if (std::ranges::any_of(stand_ins_, same)) return;
    // The plan's own pipeline is opened with the others.
    if (same_stages(plan_.pipelines.at(pipeline), spare->pipeline)) return;
    Wanted wanted{
        spare->pipeline, {pipeline, {}, quickly ? kQuickStandInRank : kBestStandInRank}, false, std::nullopt, 0,
        Nanoseconds(0)};
    if (!open(wanted, stop)) return;
    note_(fmt::format("{} stands in: {}", quickly ? "the quickest to load" : "the best without what failed",
                      stages_text(wanted.pipeline)));
    stand_ins_.push_back(std::move(wanted));
}

void Failover::close_stand_ins(std::size_t pipeline) {
    std::vector<Wanted> closing;
    std::erase_if(stand_ins_, [&](const Wanted& wanted) {
        if (wanted.use.pipeline != pipeline) return false;
        closing.push_back(wanted);
        return true;
    });
    for (const Wanted& wanted : closing) {
        if (wanted.route) engine_.close_route(*wanted.route, options_.patience);
    }
}

void Failover::bring_about(const std::stop_token& stop) {
    // What failed is closed last: until then its stages stay loaded where their nodes live. What waits for a silent
    // node is left alone: it is opened anew when that is back or has been killed.
    std::vector<RouteNumber> failed;
    for (const auto& [number, usable] : engine_.open_routes()) {
        if (!usable) failed.push_back(number);
    }
    const std::set<std::string> silent = engine_.silent_nodes();
    const auto forget_failed = [&](Wanted& wanted) {
        const auto found = wanted.route ? std::ranges::find(failed, *wanted.route) : failed.end();
        if (found == failed.end()) return;
        if (uses_any(wanted.pipeline, silent)) {
            failed.erase(found);
        } else {
            wanted.route.reset();
        }
    };
    std::ranges::for_each(wanted_, forget_failed);
    std::ranges::for_each(stand_ins_, forget_failed);
    std::erase_if(stand_ins_, [](const Wanted& wanted) { return !wanted.route; });

    for (std::size_t i = 0; i < plan_.pipelines.size(); ++i) {
        if (!served(i) && !stop.stop_requested()) stand_in(i, true, stop);
    }
    for (Wanted& wanted : wanted_) {
        if (wanted.route || now_monotonic() < wanted.retry || stop.stop_requested()) continue;
        if (uses_any(wanted.pipeline, engine_.silent_nodes())) continue;
        if (open(wanted, stop)) {
            if (wanted.own) close_stand_ins(wanted.use.pipeline);
        } else if (wanted.own && wanted.failures == 2 && !stop.stop_requested()) {
            // Its nodes do not come back at once: what stands in for longer is worth choosing.
            stand_in(wanted.use.pipeline, false, stop);
        }
    }
    for (const RouteNumber number : failed) engine_.close_route(number, Nanoseconds(0));
}

void Failover::move_to(const Plan& plan, const std::function<void()>& opened, const std::stop_token& stop) {
    const std::lock_guard work(work_);
    Wanted own{plan.pipelines.at(0), {0, {}, own_rank_ - 1}, true, std::nullopt, 0, Nanoseconds(0)};
    own.route = engine_.open_route(own.pipeline, own.use, stop);
    --own_rank_;
    opened();
    plan_ = plan;
    std::vector<Wanted> before = std::exchange(wanted_, {std::move(own)});
    std::ranges::move(std::exchange(stand_ins_, {}), std::back_inserter(before));
    try {
        if (planner_) planner_ = std::make_unique<SparePlanner>(plan_);
        if (options_.spares == Spares::kWarm) plan_spares();
    } catch (const std::exception& error) {
        note_(fmt::format("the plan goes on without spares: {}", error.what()));
    }
    for (Wanted& wanted : wanted_) {
        const auto same = [&](const Wanted& one) {
            return one.route && !one.own && same_stages(one.pipeline, wanted.pipeline);
        };
        const auto kept = wanted.route ? before.end() : std::ranges::find_if(before, same);
        if (kept == before.end()) continue;
        wanted.use = kept->use;
        wanted.route = kept->route;
        before.erase(kept);
    }
    for (const Wanted& old : before) {
        if (old.route) engine_.close_route(*old.route, options_.patience);
    }
    // Spares that are not open yet are opened by the thread.
    const std::lock_guard lock(mutex_);
    news_ = true;
    settled_ = false;
    changed_.notify_all();
}

bool Failover::complete() const {
    const std::map<RouteNumber, bool> routes = engine_.open_routes();
    return std::ranges::all_of(wanted_, [&](const Wanted& wanted) {
        const auto found = wanted.route ? routes.find(*wanted.route) : routes.end();
        return found != routes.end() && found->second;
    });
}

Nanoseconds Failover::next_retry() const {
    Nanoseconds next = now_monotonic() + options_.longest_retry;
    const std::set<std::string> silent = engine_.silent_nodes();
    for (const Wanted& wanted : wanted_) {
        if (!wanted.route && !uses_any(wanted.pipeline, silent)) next = std::min(next, wanted.retry);
    }
    return next;
}

void Failover::keep_up(const std::stop_token& stop) {
    Nanoseconds retry{0};
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        const auto heard = [this] { return news_; };
        if (settled_) {
            changed_.wait(lock, stop, heard);
        } else {
            changed_.wait_until(lock, stop, std::chrono::steady_clock::time_point(retry), heard);
        }
        if (stop.stop_requested()) return;
        news_ = false;
        lock.unlock();
        bool done = false;
        {
            const std::lock_guard work(work_);
            try {
                bring_about(stop);
            } catch (const std::exception& error) {
                note_(fmt::format("fail-over: {}", error.what()));
            }
            done = complete();
            retry = next_retry();
        }
        lock.lock();
        settled_ = done && !news_;
        changed_.notify_all();
    }
}

bool Failover::settled(Nanoseconds timeout) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, [this] { return settled_ && !news_; });
}

}  // namespace carbonedge
