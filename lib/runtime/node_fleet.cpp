#include "lib/runtime/node_fleet.h"

#include "lib/base/errors.h"
#include "lib/runtime/either_stop.h"
#include "lib/transport/clocks.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <exception>

namespace carbonedge {
namespace {

constexpr Nanoseconds kShortFarewell = std::chrono::milliseconds(300);
constexpr int kClockRoundTrips = 16;
constexpr Nanoseconds kClockPeriod = std::chrono::seconds(10);
constexpr Nanoseconds kUsagePatience = std::chrono::seconds(5);

NodeUsage sum(const NodeUsage& left, const NodeUsage& right) {
    return {left.cpu + right.cpu, left.throttled + right.throttled, std::max(left.peak_memory, right.peak_memory)};
}

/// What was asked for and what the node's control group says.
EnforcedLimit limit_of(const Node& node, const ReportedUsage& reported, const std::string& engine, bool imposed) {
    constexpr double kRoundedQuota = 0.02;  // engines round a quota to whole microseconds, or cpus to 1 %
    const bool cpus = std::abs(reported.limit_cpus - node.cpus) <= kRoundedQuota * node.cpus;
    const bool memory = node.memory.value() == 0 || reported.limit_memory == node.memory;
    EnforcedLimit limit{node.name,
                        node.cpus,
                        node.quota_period,
                        node.memory,
                        imposed && cpus && memory,
                        engine + " " + reported.limit_mechanism};
    if (!imposed) {
        limit.mechanism = "limits are off";
    } else if (!limit.enforced) {
        const std::string cpus_text =
            reported.limit_cpus > 0 ? fmt::format("{} CPUs", reported.limit_cpus) : "all CPUs";
        const std::string memory_text =
            reported.limit_memory.value() > 0 ? fmt::format("{} bytes", reported.limit_memory.value()) : "all memory";
        limit.mechanism = fmt::format("its control group in {} allows {} and {}", engine, cpus_text, memory_text);
    }
    return limit;
}

}  // namespace

NodeFleet::NodeFleet(const Plan& plan, WriteStage write, const EngineOptions& options, Bytes longest, NodeHost& host,
                     Listener listener)
    : options_(options),
      cluster_(plan.cluster),
      longest_(longest),
      host_(host),
      listener_(std::move(listener)),
      directory_(options.scratch_directory),
      files_(directory_.path(), std::move(write)) {
    for (std::size_t i = 0; i < plan.cluster.nodes.size(); ++i) {
        const auto profile = static_cast<std::size_t>(plan.node_profile.at(i));
        optimise_.push_back(plan.profiles.at(profile).execution != "frozen");
    }
    if (host.shares_clock()) return;
    alignment_ = std::jthread([this](const std::stop_token& stop) { align_again(stop); });
}

NodeFleet::~NodeFleet() { end(); }

void NodeFleet::end() {
    closing_ = true;
    alignment_ = {};
    std::vector<std::shared_ptr<NodeIncarnation>> leaving;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& slot : slots_) {
            if (slot->now) leaving.push_back(std::move(slot->now));
        }
    }
    std::vector<std::function<void()>> farewells;
    for (const auto& node : leaving) {
        const bool asked = node->ending.exchange(true);
        node->pulse.request_stop();
        if (asked || !node->answers || !node->ended.empty()) continue;
        // Whoever does not end by itself is killed as it goes out of scope.
        farewells.emplace_back([this, &node] {
            if (!host_.ends_nodes()) {
                for (const auto& [stage, specs] : node->stages) node->control->unload_stage(stage, kEnding);
                return;
            }
            if (!node->started->wait(Nanoseconds(0)) && node->control->shut_down(kEnding)) node->started->wait(kEnding);
        });
    }
    run_together(farewells);
}

NodeSlot& NodeFleet::slot_of(const std::string& name) const {
    for (const auto& slot : slots_) {
        if (slot->node.name == name) return *slot;
    }
    throw UsageError("no node '" + name + "' is in use");
}

std::shared_ptr<NodeIncarnation> NodeFleet::at(const std::string& node) const {
    const std::lock_guard lock(mutex_);
    const std::shared_ptr<NodeIncarnation>& now = slot_of(node).now;
    if (!now) throw UsageError("node '" + node + "' could not be started");
    return now;
}

const LoadedStageSpecs& NodeFleet::specs(const PlannedStage& stage) const {
    const std::lock_guard lock(mutex_);
    return slot_of(stage.node).now->stages.at(stage_name(stage.layers));
}

// -- starting and loading ---------------------------------------------------------------------------------------------

NodeSlot& NodeFleet::take_up(const std::string& name) {
    for (const auto& slot : slots_) {
        if (slot->node.name == name) return *slot;
    }
    const std::optional<NodeIndex> index = find_node(cluster_, name);
    if (!index) throw UsageError("the cluster has no node '" + name + "'");
    auto taken = std::make_unique<NodeSlot>();
    taken->node = cluster_.nodes[index->value()];
    taken->optimise = optimise_[index->value()];
    const std::lock_guard lock(mutex_);
    slots_.push_back(std::move(taken));
    return *slots_.back();
}

void NodeFleet::start(const std::vector<NodeSlot*>& slots, const std::stop_token& stop) {
    if (slots.empty()) return;
    std::vector<Node> nodes;
    std::vector<std::shared_ptr<NodeIncarnation>> before;  // goes last, with its threads, without the lock
    for (const NodeSlot* slot : slots) {
        nodes.push_back(slot->node);
        before.push_back(slot->now);
        if (slot->now) slot->now->started->kill();  // it may still be saying farewell
    }
    std::vector<std::unique_ptr<StartedNode>> started = host_.start(nodes, longest_, stop);
    for (std::size_t i = 0; i < slots.size(); ++i) {
        auto incarnation = std::make_shared<NodeIncarnation>();
        incarnation->started = std::move(started[i]);
        const NodeUsage used = before[i] ? used_by(*before[i]) : NodeUsage{};
        std::optional<EnforcedLimit> limit = incarnation->started->limit();
        const std::lock_guard lock(mutex_);
        slots[i]->now = std::move(incarnation);
        slots[i]->earlier = sum(slots[i]->earlier, used);
        if (limit) slots[i]->limit = std::move(limit);
    }
}

/// Whoever asks a node that ends meanwhile need not wait for an answer.
void NodeFleet::while_it_lives(const NodeIncarnation& now, const std::stop_token& stop,
                               const std::function<void(const std::stop_token&)>& ask) const {
    std::stop_token held_up;
    {
        const std::lock_guard lock(mutex_);
        held_up = now.held_up.get_token();
    }
    const EitherStop leaves(now.gone.get_token(), held_up);
    const EitherStop either(stop, leaves.token());
    try {
        ask(either.token());
    } catch (const Interrupted&) {
        if (stop.stop_requested()) throw;
        const std::lock_guard lock(mutex_);
        if (!now.ended.empty()) throw EnvironmentError(now.ended, host_.remedy());
        const auto its = std::ranges::find_if(slots_, [&now](const auto& slot) { return slot->now.get() == &now; });
        const std::string name = its == slots_.end() ? "" : (*its)->node.name;
        throw EnvironmentError(fmt::format("node '{}' has fallen silent", name), host_.remedy());
    }
}

/// Of one that nobody listens to yet.
void NodeFleet::give_up(NodeIncarnation& incarnation) const {
    incarnation.started->kill();
    const std::lock_guard lock(mutex_);
    if (incarnation.ended.empty()) incarnation.ended = kNotStarted;
}

void NodeFleet::await_ready(NodeSlot& slot, const std::stop_token& stop) {
    NodeIncarnation& now = *slot.now;
    const std::string& name = slot.node.name;
    try {
        now.addresses = now.started->await(options_.start_timeout, stop);
    } catch (const Interrupted&) {
        give_up(now);
        throw;
    } catch (const EnvironmentError& error) {
        give_up(now);
        throw EnvironmentError(fmt::format("node '{}' did not start: it {}", name, error.what()), host_.remedy());
    }
    now.control = std::make_unique<ControlClient>(name, now.addresses.control, host_.security());
    now.started->on_end([this, &slot, &now](const std::string& how) {
        if (closing_ || now.ending) return;
        fail(now, {slot.node.name, fmt::format("node '{}' {}", slot.node.name, how), host_.end_notice(),
                   now_monotonic(), Nanoseconds(0)});
    });
    if (!host_.shares_clock()) {
        try {
            greet(slot, now, stop);
        } catch (...) {
            give_up(now);
            throw;
        }
    }
    now.answers = true;
    take_pulse(slot, now);
}

void NodeFleet::greet(NodeSlot& slot, NodeIncarnation& now, const std::stop_token& stop) {
    while_it_lives(now, stop, [&](const std::stop_token& either) {
        try {
            now.control->await(options_.start_timeout, either);
        } catch (const EnvironmentError&) {
            if (host_.ends_nodes()) throw;
            throw EnvironmentError(
                fmt::format("node '{}' does not answer us at {}", slot.node.name, now.addresses.control),
                host_.remedy());
        }
        align(slot, now, either);
        const ReportedUsage reported = now.control->usage(options_.start_timeout, either);
        const std::lock_guard lock(mutex_);
        now.reported = reported;
        slot.limit = limit_of(slot.node, reported, host_.name(), options_.impose_limits);
    });
}

void NodeFleet::prepare(const StageLoads& loads, const std::stop_token& stop) {
    await_fate(loads, stop);
    std::vector<NodeSlot*> prepared;
    std::vector<NodeSlot*> missing;
    for (const auto& [name, ranges] : loads) {
        prepared.push_back(&take_up(name));
        const std::lock_guard lock(mutex_);
        if (!runs(*prepared.back())) missing.push_back(prepared.back());
    }
    const auto start_missing = [&] {
        start(missing, stop);
        std::vector<std::function<void()>> awaited;
        for (NodeSlot* slot : missing) awaited.emplace_back([this, slot, &stop] { await_ready(*slot, stop); });
        run_together(awaited);
    };
    // Stages are written while the nodes start.
    run_together({start_missing, [&] { files_.write(loads, stop); }});
    std::vector<std::function<void()>> loading;
    for (NodeSlot* slot : prepared) {
        loading.emplace_back([this, slot, &loads, &stop] { load(*slot, loads.at(slot->node.name), stop); });
    }
    run_together(loading);
    if (!options_.fail_over) files_.remove(loads);  // whoever starts a node anew needs them again
}

void NodeFleet::load(NodeSlot& slot, const std::vector<LayerRange>& ranges, const std::stop_token& stop) {
    NodeIncarnation& now = *slot.now;
    for (const LayerRange& layers : ranges) {
        {
            const std::lock_guard lock(mutex_);
            if (now.stages.contains(stage_name(layers))) continue;
        }
        // One that was not started for us may still have it from a run that was killed.
        if (!host_.ends_nodes()) now.control->unload_stage(stage_name(layers), kEnding);
        while_it_lives(now, stop, [&](const std::stop_token& either) {
            LoadedStageSpecs specs = now.control->load_stage(stage_name(layers), files_.path(layers), slot.optimise,
                                                             options_.start_timeout, either, options_.batches);
            const std::lock_guard lock(mutex_);
            now.stages[stage_name(layers)] = std::move(specs);
        });
    }
}

void NodeFleet::set_route(const PlannedStage& stage, RouteNumber route, const NextHop& next,
                          const std::stop_token& stop) {
    const std::shared_ptr<NodeIncarnation> now = at(stage.node);
    while_it_lives(*now, stop, [&](const std::stop_token& either) {
        now->control->set_route(route, stage_name(stage.layers), next, options_.start_timeout, either);
    });
    now->serves = true;
}

void NodeFleet::say_farewell(NodeIncarnation& leaving) {
    leaving.pulse.request_stop();
    leaving.farewell = std::async(std::launch::async, [this, &leaving] {
        if (!leaving.started->usage()) ask_usage(leaving);
        if (!leaving.control->shut_down(kEnding) || !leaving.started->wait(kEnding)) leaving.started->kill();
    });
    // One that is stuck is not waited for: there may be routes to open.
    leaving.farewell.wait_for(kShortFarewell);
}

void NodeFleet::keep(std::map<std::string, std::set<std::string>> needed) {
    std::vector<std::pair<std::shared_ptr<NodeIncarnation>, std::vector<std::string>>> unloading;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& slot : slots_) {
            if (!runs(*slot) || !slot->now->answers) continue;
            std::vector<std::string> unneeded;
            for (const auto& [name, specs] : slot->now->stages) {
                if (!needed[slot->node.name].contains(name)) unneeded.push_back(name);
            }
            for (const std::string& name : unneeded) slot->now->stages.erase(name);
            if (slot->now->stages.empty() && host_.ends_nodes()) slot->now->ending = true;
            unloading.emplace_back(slot->now, std::move(unneeded));
        }
    }
    for (auto& [incarnation, stages] : unloading) {
        if (incarnation->ending) {
            say_farewell(*incarnation);
            continue;
        }
        for (const std::string& stage : stages) incarnation->control->unload_stage(stage, kEnding);
    }
}

void NodeFleet::close_route(RouteNumber route, const std::set<std::string>& nodes, Nanoseconds patience) {
    std::vector<std::shared_ptr<NodeIncarnation>> ends;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& slot : slots_) {
            if (nodes.contains(slot->node.name) && runs(*slot) && slot->now->answers) ends.push_back(slot->now);
        }
    }
    for (const auto& node : ends) node->control->close_route(route, patience);
}

// -- clocks, ends and what is used ------------------------------------------------------------------------------------

void NodeFleet::align(const NodeSlot& slot, NodeIncarnation& now, const std::stop_token& stop) {
    const std::optional<ClockOffset> offset = now.control->align_clock(kClockRoundTrips, kUsagePatience, stop);
    if (!offset) {
        throw EnvironmentError(fmt::format("the clock of node '{}' makes no sense", slot.node.name),
                               "see whether it runs on a machine of its own");
    }
    const std::lock_guard lock(mutex_);
    now.clock = *offset;
}

void NodeFleet::align_again(const std::stop_token& stop) {
    std::mutex waiting;
    std::condition_variable_any never;
    std::unique_lock lock(waiting);
    while (!never.wait_for(lock, stop, kClockPeriod, [] { return false; }) && !stop.stop_requested()) {
        std::vector<std::pair<const NodeSlot*, std::shared_ptr<NodeIncarnation>>> running;
        {
            const std::lock_guard guard(mutex_);
            for (const auto& slot : slots_) {
                if (runs(*slot) && slot->now->answers) running.emplace_back(slot.get(), slot->now);
            }
        }
        for (const auto& [slot, now] : running) {
            try {
                const EitherStop either(stop, now->gone.get_token());
                align(*slot, *now, either.token());
                used_by(*now);  // should it end without a farewell
            } catch (const std::exception&) {
                continue;  // whoever watches the node says more
            }
        }
    }
}

void NodeFleet::ask_usage(NodeIncarnation& incarnation) const {
    try {
        const ReportedUsage reported = incarnation.control->usage(kUsagePatience, incarnation.gone.get_token());
        const std::lock_guard lock(mutex_);
        incarnation.reported = reported;
    } catch (const std::exception&) {
        return;  // it has ended; what it last said is all there is
    }
}

NodeUsage NodeFleet::used_by(NodeIncarnation& incarnation) const {
    if (const std::optional<NodeUsage> seen = incarnation.started->usage()) return *seen;
    if (incarnation.answers && !incarnation.ending) ask_usage(incarnation);
    const std::lock_guard lock(mutex_);
    return {incarnation.reported.cpu, incarnation.reported.throttled, incarnation.reported.peak_memory};
}

NodeUsage NodeFleet::usage(const std::string& node) const {
    std::shared_ptr<NodeIncarnation> now;
    NodeUsage earlier;
    {
        const std::lock_guard lock(mutex_);
        const NodeSlot& slot = slot_of(node);
        now = slot.now;
        earlier = slot.earlier;
    }
    return now ? sum(earlier, used_by(*now)) : earlier;
}

std::vector<EnforcedLimit> NodeFleet::limits() const {
    const std::lock_guard lock(mutex_);
    std::vector<EnforcedLimit> limits;
    for (const auto& slot : slots_) {
        if (slot->limit) limits.push_back(*slot->limit);
    }
    return limits;
}

std::vector<std::string> NodeFleet::batch_refusals() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> lines;
    for (const auto& slot : slots_) {
        if (!slot->now) continue;
        for (const auto& [stage, specs] : slot->now->stages) {
            if (!specs.batch_refusal.empty()) lines.push_back(batch_refusal_line(slot->node.name, stage, specs));
        }
    }
    return lines;
}

std::vector<std::string> NodeFleet::started() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& slot : slots_) names.push_back(slot->node.name);
    return names;
}

}  // namespace carbonedge
