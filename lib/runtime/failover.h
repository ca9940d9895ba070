#pragma once

#include "lib/partition/plan.h"
#include "lib/runtime/engine.h"
#include "lib/runtime/failover_options.h"
#include "lib/runtime/spare_planner.h"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace carbonedge {

/// Keeps a plan's pipelines served while nodes fail and come back (docs/runtime.md, "Failures"). In a thread of its own
/// it brings the engine's routes to what they should be: the plan's own pipelines, with `kWarm` the spares beside them,
/// and, while one of the plan's is not to be had, the quickest and then the best that does without what failed.
class Failover {
public:
    using Note = std::function<void(const std::string&)>;  ///< a line; called from the thread
    /// The engine runs the plan's pipelines as routes 0, 1, 2, ... and was told that somebody makes new ones. With
    /// `kWarm` the spares are open when it returns; a pipeline for which none fits is noted. Throws what
    /// Engine::open_route() throws.
    Failover(const Plan& plan, Engine& engine, const FailoverOptions& options, Note note, const std::stop_token& stop);
    /// Leaves the routes as they are.
    ~Failover();
    Failover(const Failover&) = delete;
    Failover& operator=(const Failover&) = delete;

    /// From now on the plan is this one, of one pipeline as before: opens it, calls `opened` once requests take it, and
    /// replaces what else was open, the spares included; what the old pipelines owe is awaited. Where it cannot be
    /// opened this throws what Engine::open_route() throws, and everything stays as it was.
    void move_to(const Plan& plan, const std::function<void()>& opened, const std::stop_token& stop);

    /// Whether everything that should be open is; waits for it, up to `timeout`.
    bool settled(Nanoseconds timeout);

private:
    /// A pipeline that should be open.
    struct Wanted {
        Pipeline pipeline;
        RouteUse use;
        bool own = false;  ///< the plan's, no spare
        std::optional<RouteNumber> route;
        int failures = 0;
        Nanoseconds retry{0};  ///< not before
    };

    void plan_spares();
    void keep_up(const std::stop_token& stop);
    void bring_about(const std::stop_token& stop);
    bool open(Wanted& wanted, const std::stop_token& stop);
    void stand_in(std::size_t pipeline, bool quickly, const std::stop_token& stop);
    void close_stand_ins(std::size_t pipeline);
    [[nodiscard]] bool served(std::size_t pipeline) const;
    [[nodiscard]] HeldStages held() const;
    [[nodiscard]] bool complete() const;
    [[nodiscard]] Nanoseconds next_retry() const;

    Plan plan_;
    Engine& engine_;
    FailoverOptions options_;
    Note note_;
    std::unique_ptr<SparePlanner> planner_;
    int own_rank_ = 0;
    std::vector<Wanted> wanted_;     ///< the plan's pipelines, then the spares
    std::vector<Wanted> stand_ins_;  ///< until those are open again

    std::mutex work_;  ///< held by whoever opens and closes routes; taken before `mutex_`
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool news_ = false;
    bool settled_ = true;
    std::jthread thread_;
};

}  // namespace carbonedge
