#pragma once

#include "lib/runtime/engine.h"
#include "lib/runtime/failover.h"
#include "lib/runtime/intensity_feed.h"
#include "lib/runtime/replanner.h"
#include "lib/runtime/run_account.h"
#include "lib/scheduler/request_router.h"

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// Intensities that change while a plan runs.
struct ChangingIntensities {
    std::unique_ptr<ZoneIntensities> intensities;  ///< none: those of the plan's cluster hold
    FeedClock clock;
};

struct ReplanOptions {
    MovePolicy policy;
    Seconds search_limit{10};                        ///< of one decision
    Nanoseconds patience{std::chrono::seconds(30)};  ///< the old pipeline may take so long to answer what it owes
};

/// What a request router and those who change its mind share.
class SharedRouter {
public:
    explicit SharedRouter(const Plan& plan) : router_(plan) {}
    std::size_t choose() {
        const std::lock_guard lock(mutex_);
        return router_.choose();
    }
    void finished(std::size_t pipeline, Seconds latency) {
        const std::lock_guard lock(mutex_);
        router_.finished(pipeline, latency);
    }
    void set_intensity(std::string_view node, CarbonIntensity intensity) {
        const std::lock_guard lock(mutex_);
        router_.set_intensity(node, intensity);
    }

private:
    std::mutex mutex_;
    RequestRouter router_;
};

/// Keeps routing, books and, where asked to, the plan itself in step with intensities that change. Requests go on all
/// the while: a pipeline is opened before the one that it replaces is closed, and what that still owes is awaited.
class IntensityFollower {
public:
    using Note = std::function<void(const std::string&)>;  ///< a line; called from the follower's thread

    /// Reads what holds first. Throws UsageError (no value there; a plan of several pipelines, or an engine whose
    /// routes cannot change, is to be moved).
    IntensityFollower(const Plan& plan, ChangingIntensities changing, std::optional<ReplanOptions> replan);
    /// stop()s.
    ~IntensityFollower();
    IntensityFollower(const IntensityFollower&) = delete;
    IntensityFollower& operator=(const IntensityFollower&) = delete;

    /// The plan's cluster with the intensities that hold when the run starts.
    [[nodiscard]] const Cluster& first_cluster() const { return cluster_; }

    /// From `start` (CLOCK_MONOTONIC) on. All must live until stop(). Where a `failover` keeps the engine's pipelines,
    /// the plan is moved through it.
    void follow(Engine& engine, SharedRouter& router, RunAccount& account, Nanoseconds start, Note note,
                Failover* failover = nullptr);
    /// Ends the thread; a move that is under way is completed first. Then the records are complete.
    void stop();
    [[nodiscard]] const std::vector<IntensityRecord>& intensities() const { return intensities_; }
    [[nodiscard]] const std::vector<MoveRecord>& moves() const { return moves_; }

private:
    void changed(UtcSeconds time, const std::vector<ZoneIntensity>& values);
    void move(Nanoseconds at);
    void open_and_close(const Plan& next, const std::function<void()>& opened);

    Plan plan_;
    Cluster cluster_;
    std::optional<IntensityFeed> feed_;
    std::optional<ReplanOptions> replan_;
    std::optional<Replanner> replanner_;
    Engine* engine_ = nullptr;
    Failover* failover_ = nullptr;
    SharedRouter* router_ = nullptr;
    RunAccount* account_ = nullptr;
    Nanoseconds start_{0};
    Note note_;
    RouteNumber route_ = 0;  ///< that requests take now, where the plan moves
    int rank_ = 0;
    std::stop_source stop_;
    std::vector<IntensityRecord> intensities_;
    std::vector<MoveRecord> moves_;
};

/// What the engine's nodes have used so far, those that no route needs any more included.
RunAccount::Usage usage_of_nodes(const Engine& engine);

/// "fast 0-17, clean 17-30": nodes and their layers.
std::string pipeline_text(const Pipeline& pipeline);

}  // namespace carbonedge
