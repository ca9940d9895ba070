#include "lib/report/subject.h"

#include "lib/report/cell_text.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <numeric>

namespace carbonedge {
namespace {

std::string path_text(const Pipeline& pipeline) {
    std::string path;
    for (const PlannedStage& stage : pipeline.stages) path += (path.empty() ? "" : " > ") + stage.node;
    return path;
}

/// Made to sum to 1; equal where all are 0.
std::vector<double> normalised(std::vector<double> shares) {
    const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
    for (double& share : shares) share = total > 0 ? share / total : 1.0 / static_cast<double>(shares.size());
    return shares;
}

}  // namespace

void name_subjects(std::vector<Subject>& subjects, const std::vector<std::string>& files) {
    std::map<std::string, int> uses;
    for (const Subject& subject : subjects) ++uses[subject.plan.name];
    std::map<std::string, int> taken;
    for (std::size_t i = 0; i < subjects.size(); ++i) {
        Subject& subject = subjects[i];
        subject.name = subject.plan.name.empty() ? files[i] : subject.plan.name;
        if (uses[subject.plan.name] > 1) subject.name = fmt::format("{} ({})", subject.name, files[i]);
        if (++taken[subject.name] > 1) subject.name += fmt::format(" #{}", taken[subject.name]);
    }
}

std::int64_t answered_requests(const RunLog& run) {
    const auto recorded =
        std::count_if(run.requests.begin(), run.requests.end(), [](const RequestRecord& r) { return r.ok; });
    // A service may answer more than it logs one by one.
    return run.end && run.end->unlogged > 0 ? run.end->succeeded : recorded;
}

std::int64_t failed_requests(const RunLog& run) {
    const auto recorded = std::count_if(run.requests.begin(), run.requests.end(),
                                        [](const RequestRecord& r) { return !r.ok && !r.dropped; });
    return run.end && run.end->unlogged > 0 ? run.end->failed : recorded;
}

bool is_complete(const RunLog& run) { return run.end && run.end->complete; }

std::string run_status(const RunLog& run) {
    std::string status = !run.end ? "cut off" : run.end->complete ? "complete" : "interrupted";
    if (const std::int64_t failed = failed_requests(run); failed > 0) status += fmt::format(", {} failed", failed);
    const auto dropped =
        std::count_if(run.requests.begin(), run.requests.end(), [](const RequestRecord& r) { return r.dropped; });
    if (dropped > 0) status += fmt::format(", {} dropped", dropped);
    return status;
}

std::optional<Spread> run_latency(const RunLog& run, std::uint64_t seed) {
    std::vector<double> seconds;
    for (const RequestRecord& request : run.requests) {
        if (request.ok) seconds.push_back(to_seconds(request.latency).count());
    }
    return spread_of(std::move(seconds), seed);
}

std::vector<std::string> missed_limits(const Subject& subject, std::uint64_t seed) {
    const Limits& limits = subject.plan.limits;
    if (!subject.run || (!limits.latency_mean && !limits.latency_p95)) return {};
    const auto latency = run_latency(*subject.run, seed);
    if (!latency) return {};
    std::vector<std::string> missed;
    const auto check = [&](const std::optional<Nanoseconds>& limit, std::string_view what, double seconds,
                           const std::optional<Interval>& interval) {
        if (!limit || seconds <= to_seconds(*limit).count()) return;
        const auto text = [](Nanoseconds time) { return fact_text(Cell(time), Unit::kTime); };
        const bool open = interval && interval->low <= to_seconds(*limit).count();
        missed.push_back(fmt::format("its {} of {} is above the plan's limit of {}{}", what,
                                     text(to_nanoseconds(Seconds(seconds))), text(*limit),
                                     open ? ", though within the spread of its requests" : ""));
    };
    check(limits.latency_mean, "mean latency", latency->mean, latency->mean_interval);
    check(limits.latency_p95, "95th percentile", latency->p95, latency->p95_interval);
    return missed;
}

std::optional<double> run_throughput(const RunLog& run) {
    std::optional<Nanoseconds> first;
    Nanoseconds last{0};
    std::int64_t answered = 0;
    for (const RequestRecord& request : run.requests) {
        if (!request.ok) continue;
        ++answered;
        first = std::min(first.value_or(request.arrival), request.arrival);
        last = std::max(last, request.arrival + request.latency);
    }
    if (!first || last <= *first) return std::nullopt;
    return static_cast<double>(answered) / to_seconds(last - *first).count();
}

std::vector<double> predicted_shares(const Plan& plan) {
    std::vector<double> shares;
    for (const Pipeline& pipeline : plan.pipelines) shares.push_back(pipeline.share);
    return normalised(std::move(shares));
}

std::vector<double> pipeline_shares(const Subject& subject) {
    if (!subject.run || answered_requests(*subject.run) == 0) return predicted_shares(subject.plan);
    std::vector<double> shares(subject.plan.pipelines.size(), 0.0);
    for (const RequestRecord& request : subject.run->requests) {
        const auto pipeline = static_cast<std::size_t>(request.pipeline);
        if (request.ok && request.pipeline >= 0 && pipeline < shares.size()) shares[pipeline] += 1;
    }
    return normalised(std::move(shares));
}

std::string nodes_text(const Subject& subject) {
    const std::vector<double> shares = pipeline_shares(subject);
    std::string text;
    for (std::size_t i = 0; i < shares.size(); ++i) {
        if (shares[i] == 0) continue;
        const std::string path = path_text(subject.plan.pipelines[i]);
        if (shares[i] == 1) return path;
        text += fmt::format("{}{} {:.3g} %", text.empty() ? "" : ", ", path, shares[i] * 100);
    }
    return text;
}

std::string stages_text(const Subject& subject) {
    const std::vector<double> shares = pipeline_shares(subject);
    std::size_t least = SIZE_MAX;
    std::size_t most = 0;
    for (std::size_t i = 0; i < shares.size(); ++i) {
        if (shares[i] == 0) continue;
        least = std::min(least, subject.plan.pipelines[i].stages.size());
        most = std::max(most, subject.plan.pipelines[i].stages.size());
    }
    if (most == 0) return "0";
    return least == most ? fmt::format("{}", most) : fmt::format("{}-{}", least, most);
}

std::optional<double> prediction_error_percent(double predicted, double measured) {
    if (measured == 0) return std::nullopt;
    return (predicted / measured - 1) * 100;
}

}  // namespace carbonedge
