#pragma once

#include "lib/carbon/ledger.h"
#include "lib/partition/plan.h"
#include "lib/report/spread.h"
#include "lib/runlog/run_log.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// What is compared: a plan with its prediction and, where it was run, what the run recorded.
struct Subject {
    std::string name;  ///< unique among the subjects of one report
    Plan plan;
    std::optional<RunLog> run;
};

/// Names the subjects after their plans, adding the file where two plans have one name: "green (a.plan.json)".
/// `files[i]` is where subject i was read from.
void name_subjects(std::vector<Subject>& subjects, const std::vector<std::string>& files);

/// How a run ended: "complete", "interrupted" (by the user), "cut off" (the writer was killed), with failed requests
/// "complete, 3 failed", or "complete, 3 dropped" for their deadline.
std::string run_status(const RunLog& run);
bool is_complete(const RunLog& run);
std::int64_t answered_requests(const RunLog& run);
std::int64_t failed_requests(const RunLog& run);

/// Of the requests answered, in seconds; absent for none.
std::optional<Spread> run_latency(const RunLog& run, std::uint64_t seed);
/// Requests answered per second between the first arrival and the last answer; absent for none.
std::optional<double> run_throughput(const RunLog& run);

/// "its mean latency of 338 ms is above the plan's limit of 300 ms": each latency limit of the plan that the run
/// missed, and whether its interval leaves that open; empty where it kept them or there is no run with answers.
std::vector<std::string> missed_limits(const Subject& subject, std::uint64_t seed);

/// Share of the requests that each pipeline of the plan takes: as run where there is a run with answers, else as the
/// plan's prediction routes them. Sums to 1.
std::vector<double> pipeline_shares(const Subject& subject);

/// The prediction's alone.
std::vector<double> predicted_shares(const Plan& plan);

/// "high > medium > green"; for several pipelines those that take requests, with their shares: "high 62 %, green 38 %".
std::string nodes_text(const Subject& subject);
/// Stages of the pipelines in use: "3", or "1-3".
std::string stages_text(const Subject& subject);

/// predicted / measured - 1 in percent; absent where the measured one is 0.
std::optional<double> prediction_error_percent(double predicted, double measured);

}  // namespace carbonedge
