#pragma once

#include "lib/partition/plan.h"
#include "lib/runlog/run_log.h"
#include "lib/runtime/engine.h"
#include "lib/runtime/failover_options.h"
#include "lib/runtime/intensity_follower.h"
#include "lib/runtime/load_generator.h"
#include "lib/runtime/reference_model.h"
#include "lib/runtime/service.h"

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace carbonedge {

struct RunOptions {
    Load load;
    std::int64_t warm_up = 10;  ///< requests before the measured ones, spread over the pipelines; not recorded
    std::uint64_t seed = 0;     ///< of the inputs
    int input_variants = 4;     ///< different inputs that the requests take in turn
    bool check_outputs = true;
    double tolerance = kEqualOutputs;  ///< of an output, relative to the reference's range
    ServiceOptions service;            ///< for foreign clients, after the load, until `stop`
    EngineOptions engine;
    std::optional<ReplanOptions> replan;  ///< the plan moves when intensities change and moving pays
    FailoverOptions failover;             ///< with spares the engine is told what it needs for them
    std::string plan_json;                ///< the plan's file, for the log's header
};

/// Hears what happens as it happens.
struct RunListener {
    std::function<void(const std::string& line)> log;  ///< a line of carbonedge.run/1, its newline included
    std::function<void(std::int64_t done, std::int64_t of)> progress;
    /// Also from other threads, one at a time.
    std::function<void(const std::string& note)> note;  ///< "a limit is not enforced: ..."
};

struct RunSummary {
    RunEnd end;
    std::string first_error;  ///< of the first request that failed
    std::string first_drop;   ///< of the first that could not make its deadline
    bool outputs_wrong = false;
    std::string output_remark;              ///< why the check was inconclusive, or what was wrong
    std::optional<ServiceOutcome> service;  ///< absent where none was wanted, or the load failed or was interrupted
};

/// Executes a plan on this machine and logs it. The last lines (nodes, end) are logged even where requests failed or
/// `stop` was requested. Throws InputError (another model than the plan's, a stage that does not load),
/// EnvironmentError (a node that does not start), Interrupted (stopped before the first request). With a service the
/// last lines cover load and service together; `stop` then drains it.
RunSummary run_plan(const Plan& plan, ReferenceModel& model, const RunOptions& options, const RunListener& listener,
                    const std::stop_token& stop, ChangingIntensities changing = {});

/// Seeded inputs as the plan's reference profile describes them.
RequestInputs make_inputs(const Profile& profile, std::uint64_t seed, int variants);

}  // namespace carbonedge
