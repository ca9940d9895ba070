#include "lib/runtime/intensity_follower.h"

#include "lib/base/errors.h"
#include "lib/transport/clocks.h"

#include <fmt/format.h>

namespace carbonedge {

RunAccount::Usage usage_of_nodes(const Engine& engine) {
    RunAccount::Usage usage;
    for (const std::string& node : engine.nodes_started()) usage[node] = engine.usage(node);
    return usage;
}

std::string pipeline_text(const Pipeline& pipeline) {
    std::string text;
    for (const PlannedStage& stage : pipeline.stages) {
        text += fmt::format("{}{} {}-{}", text.empty() ? "" : ", ", stage.node, stage.layers.first, stage.layers.end);
    }
    return text;
}

IntensityFollower::IntensityFollower(const Plan& plan, ChangingIntensities changing,
                                     std::optional<ReplanOptions> replan)
    : plan_(plan), cluster_(plan.cluster), replan_(std::move(replan)) {
    if (changing.intensities) feed_.emplace(std::move(changing.intensities), changing.clock);
    if (replan_ && !feed_) throw UsageError("--replan needs intensities that change: --series or --live");
    if (replan_) replanner_.emplace(plan, replan_->policy, replan_->search_limit);
    if (!feed_) return;
    for (const ZoneIntensity& value : feed_->first()) {
        set_zone_intensity(cluster_, value.zone, value.intensity);
        intensities_.push_back({Nanoseconds(0), utc_text(feed_->clock().from), value.zone, value.intensity});
    }
}

IntensityFollower::~IntensityFollower() { stop(); }

void IntensityFollower::follow(Engine& engine, SharedRouter& router, RunAccount& account, Nanoseconds start, Note note,
                               Failover* failover) {
    engine_ = &engine;
    failover_ = failover;
    router_ = &router;
    account_ = &account;
    start_ = start;
    note_ = std::move(note);
    if (!feed_) return;
    if (replanner_ && !engine.can_change()) {
        throw UsageError("--replan: the nodes of engine '" + engine.name() + "' cannot be given other stages");
    }
    for (const Node& node : cluster_.nodes) router.set_intensity(node.name, node.intensity);
    feed_->start([this](UtcSeconds time, const std::vector<ZoneIntensity>& values) { changed(time, values); },
                 [this](const std::string& problem) { note_(problem + "; the last value stays"); });
}

void IntensityFollower::stop() {
    if (!feed_) return;
    stop_.request_stop();
    feed_->stop();
}

void IntensityFollower::changed(UtcSeconds time, const std::vector<ZoneIntensity>& values) {
    const Nanoseconds now = now_monotonic();
    for (const ZoneIntensity& value : values) {
        set_zone_intensity(cluster_, value.zone, value.intensity);
        intensities_.push_back({now - start_, utc_text(time), value.zone, value.intensity});
    }
    for (const Node& node : cluster_.nodes) router_->set_intensity(node.name, node.intensity);
    account_->change(cluster_, usage_of_nodes(*engine_), now);
    if (replanner_) move(now);
}

void IntensityFollower::move(Nanoseconds at) {
    const Pipeline before = replanner_->running().pipelines.front();
    const Replanner::Step step = replanner_->decide(cluster_);
    if (!step.next) return;
    const Pipeline& after = step.next->pipelines.front();
    MoveRecord record;
    record.at = at - start_;
    record.from = pipeline_text(before);
    record.to = pipeline_text(after);
    record.reason = step.reason;
    record.saving = step.saving;
    record.joules = step.account.joules;
    record.grams = step.account.grams;
    std::optional<Nanoseconds> opened;
    try {
        open_and_close(*step.next, [&] {
            opened = now_monotonic();
            // Nodes that were started for it count from here.
            account_->change(cluster_, usage_of_nodes(*engine_), *opened);
        });
    } catch (const std::exception& error) {
        if (!opened) {
            replanner_->take_back();
            note_(fmt::format("the plan stays at {}: moving to {} failed: {}", record.from, record.to, error.what()));
            return;
        }
        note_(fmt::format("what {} left was not cleared up: {}", record.from, error.what()));
    }
    record.opening = *opened - at;
    record.closing = now_monotonic() - *opened;
    note_(fmt::format("the plan moved from {} to {}: {}", record.from, record.to, record.reason));
    moves_.push_back(std::move(record));
}

void IntensityFollower::open_and_close(const Plan& next, const std::function<void()>& opened) {
    if (failover_ != nullptr) return failover_->move_to(next, opened, stop_.get_token());
    RouteUse use;
    use.rank = --rank_;  // the lowest is taken
    const RouteNumber old = route_;
    route_ = engine_->open_route(next.pipelines.front(), use, stop_.get_token());
    opened();
    engine_->close_route(old, replan_->patience);
}

}  // namespace carbonedge
