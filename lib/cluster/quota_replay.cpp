#include "lib/cluster/quota_replay.h"

#include <algorithm>
#include <cmath>
#include <queue>
#include <unordered_map>

namespace carbonedge {
namespace {

/// Fractions of a period by which node n is ahead in phase set s: multiples of two irrational steps, so that no two
/// nodes and no two sets coincide and the same input always gives the same replay.
double phase_fraction(std::size_t node, std::size_t set) {
    constexpr double kGolden = 0.618033988749895;
    constexpr double kSilver = 0.414213562373095;
    const double position = static_cast<double>(node) * kGolden + static_cast<double>(set) * kSilver;
    return position - std::floor(position);
}

/// The bandwidth bucket of one node.
class Bucket {
public:
    Bucket(const QuotaNode& node, double phase)
        : period_(node.period.count()), quota_(node.cpus * period_), period_start_(-phase * period_) {}

    /// Runs a stage from `start` (not before the last finish) and returns when it has finished.
    double run(double start, const ReplayStage& stage) {
        const double busy = stage.busy.count();
        double remaining = stage.cpu.count();
        if (remaining <= 0 || busy <= 0) return start + busy;
        const double rate = remaining / busy;
        double now = start;
        enter_period_of(now);
        double until_refill = std::max(period_start_ + period_ - now, 0.0);
        while (true) {
            const double available = quota_ - used_;
            const double wall = std::min({remaining, std::max(available, 0.0), until_refill * rate}) / rate;
            now += wall;
            used_ += wall * rate;
            remaining -= wall * rate;
            if (remaining <= stage.cpu.count() * 1e-12) return now;
            next_period();
            now = period_start_;
            skip_full_periods(now, remaining, rate);
            until_refill = period_;  // a difference of times that dwarf the period would round to nothing
        }
    }

private:
    void enter_period_of(double now) {
        if (now < period_start_ + period_) return;
        period_start_ += std::floor((now - period_start_) / period_) * period_;
        if (now >= period_start_ + period_) period_start_ += period_;
        used_ = 0;
    }
    void next_period() {
        period_start_ += period_;
        used_ = 0;
    }
    /// A long stage on a small quota would otherwise cost a step a period.
    void skip_full_periods(double& now, double& remaining, double rate) {
        const double per_period = std::min(quota_, rate * period_);
        const double whole = std::floor(remaining / per_period) - 1;
        if (whole <= 0) return;
        remaining -= whole * per_period;
        period_start_ += whole * period_;
        now = period_start_;
    }

    double period_;
    double quota_;
    double period_start_;
    double used_ = 0;
};

struct Event {
    double time = 0;
    std::size_t order = 0;  ///< of creation: ties are served first come first served
    std::size_t request = 0;
    std::size_t position = 0;  ///< 2 s: at leg s; 2 s + 1: at stage s
};

struct LaterEvent {
    bool operator()(const Event& left, const Event& right) const {
        return left.time != right.time ? left.time > right.time : left.order > right.order;
    }
};

struct Request {
    std::size_t pipeline = 0;
    double arrival = 0;
};

/// One run through one set of phase offsets.
class Simulation {
public:
    Simulation(const std::vector<QuotaNode>& nodes, const std::vector<ReplayPipeline>& pipelines,
               const ReplayLoad& load, std::size_t phase_set, ReplayRouter* router, ReplayObserver* observer = nullptr)
        : pipelines_(pipelines), load_(load), router_(router), observer_(observer), node_free_(nodes.size(), 0) {
        for (std::size_t n = 0; n < nodes.size(); ++n) buckets_.emplace_back(nodes[n], phase_fraction(n, phase_set));
        for (const ReplayPipeline& pipeline : pipelines) leg_free_.emplace_back(pipeline.legs.size(), 0.0);
    }

    void run(std::vector<double>& latencies, std::vector<std::size_t>& counts, std::vector<double>& sums,
             double& seconds) {
        const std::size_t total = load_.warm_up + load_.requests;
        requests_.resize(total);
        if (total == 0) return;
        const std::size_t first = is_open() ? 1 : std::min(std::max<std::size_t>(load_.in_flight, 1), total);
        for (std::size_t i = 0; i < first; ++i) enter(is_open() ? next_arrival(0) : 0);
        double counting_from = 0;
        double last = 0;
        std::size_t finished = 0;
        while (!events_.empty()) {
            const Event event = events_.top();
            events_.pop();
            if (observer_ != nullptr) observer_->reached(Seconds(event.time));
            Request& request = requests_[event.request];
            const ReplayPipeline& pipeline = pipelines_[request.pipeline];
            if (event.position == 2 * pipeline.stages.size() + 1) {
                const double latency = event.time - request.arrival;
                if (router_ != nullptr) router_->finished(request.pipeline, Seconds(latency));
                if (observer_ != nullptr) tell(event, latency);
                ++finished;
                if (finished == load_.warm_up) counting_from = event.time;
                if (finished > load_.warm_up) {
                    latencies.push_back(latency);
                    counts[request.pipeline] += 1;
                    sums[request.pipeline] += latency;
                }
                last = event.time;
                if (!is_open() && entered_ < total) enter(event.time);
                continue;
            }
            serve(event, pipeline, request.pipeline);
        }
        seconds += last - counting_from;
    }

private:
    [[nodiscard]] bool is_open() const { return load_.rate_per_second || !load_.arrivals.empty(); }
    /// Of the request that enters next, where the one before came at `last`.
    [[nodiscard]] double next_arrival(double last) const {
        if (!load_.arrivals.empty()) return load_.arrivals[entered_].count();
        return entered_ == 0 ? 0.0 : last + 1.0 / *load_.rate_per_second;
    }

    void tell(const Event& event, double latency) {
        const auto found = observed_.find(event.request);
        found->second.request = event.request;
        found->second.pipeline = requests_[event.request].pipeline;
        found->second.arrival = Seconds(requests_[event.request].arrival);
        found->second.latency = Seconds(latency);
        observer_->finished(found->second);
        observed_.erase(found);
    }

    void enter(double now) {
        const std::size_t id = entered_++;
        requests_[id].arrival = now;
        events_.push({now, order_++, id, 0});
    }

    void serve(const Event& event, const ReplayPipeline& pipeline, std::size_t pipeline_index) {
        const std::size_t step = event.position / 2;
        double end = 0;
        if (event.position == 0) {  // the choice is made on arrival, in arrival order
            if (router_ != nullptr) pipeline_index = router_->choose();
            requests_[event.request].pipeline = pipeline_index;
            if (is_open() && entered_ < requests_.size()) enter(next_arrival(event.time));
            if (observer_ != nullptr) observed_[event.request].stages.resize(pipelines_[pipeline_index].stages.size());
        }
        const ReplayPipeline& taken = event.position == 0 ? pipelines_[pipeline_index] : pipeline;
        if (event.position % 2 == 0) {
            double& free_at = leg_free_[pipeline_index][step];
            end = std::max(event.time, free_at) + taken.legs[step].count();
            free_at = end;
            if (observer_ != nullptr) {
                ReplayedRequest& seen = observed_[event.request];
                (step < taken.stages.size() ? seen.stages[step].transfer : seen.return_transfer) =
                    Seconds(end - event.time);
            }
        } else {
            const ReplayStage& stage = taken.stages[step];
            const double start = std::max(event.time, node_free_[stage.node]);
            end = buckets_[stage.node].run(start, stage);
            if (observer_ != nullptr) {
                ReplayedRequest::Stage& seen = observed_[event.request].stages[step];
                seen.queue = Seconds(start - event.time);
                seen.compute = Seconds(end - start);
            }
            node_free_[stage.node] = end;
        }
        events_.push({end, order_++, event.request, event.position + 1});
    }

    const std::vector<ReplayPipeline>& pipelines_;
    const ReplayLoad& load_;
    ReplayRouter* router_;
    ReplayObserver* observer_;
    std::unordered_map<std::size_t, ReplayedRequest> observed_;  ///< those in flight
    std::vector<Bucket> buckets_;
    std::vector<double> node_free_;
    std::vector<std::vector<double>> leg_free_;
    std::vector<Request> requests_;
    std::priority_queue<Event, std::vector<Event>, LaterEvent> events_;
    std::size_t entered_ = 0;
    std::size_t order_ = 0;
};

/// Nearest-rank quantile; reorders its argument.
double quantile(std::vector<double>& values, double fraction) {
    const auto rank = static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(values.size())));
    const std::size_t index = std::min(values.size() - 1, rank == 0 ? 0 : rank - 1);
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(index), values.end());
    return values[index];
}

bool never_throttled(const std::vector<QuotaNode>& nodes, const ReplayPipeline& pipeline) {
    return std::all_of(pipeline.stages.begin(), pipeline.stages.end(), [&](const ReplayStage& stage) {
        return stage.cpu.count() <= nodes[stage.node].cpus * stage.busy.count();
    });
}

ReplayResult exact_sum(const ReplayPipeline& pipeline) {
    double sum = 0;
    for (const ReplayStage& stage : pipeline.stages) sum += stage.busy.count();
    for (const Seconds leg : pipeline.legs) sum += leg.count();
    return {Seconds(sum), Seconds(sum), Seconds(sum), sum > 0 ? 1.0 / sum : 0.0, {1.0}, {Seconds(sum)}};
}

}  // namespace

ReplayResult replay(const std::vector<QuotaNode>& nodes, const std::vector<ReplayPipeline>& pipelines,
                    const ReplayLoad& load, const std::function<ReplayRouter&()>& make_router) {
    ReplayResult result;
    std::vector<std::size_t> counts(pipelines.size(), 0);
    std::vector<double> sums(pipelines.size(), 0);
    std::vector<double> latencies;
    const std::size_t phases = std::max<std::size_t>(load.phases, 1);
    double seconds = 0;
    for (std::size_t set = 0; set < phases; ++set) {
        latencies.clear();
        ReplayRouter* router = make_router ? &make_router() : nullptr;
        Simulation(nodes, pipelines, load, set, router).run(latencies, counts, sums, seconds);
        double sum = 0;
        for (const double latency : latencies) sum += latency;
        const double share = 1.0 / static_cast<double>(phases);
        result.mean += Seconds(share * sum / static_cast<double>(latencies.size()));
        result.p50 += Seconds(share * quantile(latencies, 0.5));
        result.p95 += Seconds(share * quantile(latencies, 0.95));
    }
    const double total = static_cast<double>(load.requests * phases);
    result.throughput_per_second = seconds > 0 ? total / seconds : 0;
    for (std::size_t p = 0; p < pipelines.size(); ++p) {
        result.pipeline_shares.push_back(static_cast<double>(counts[p]) / total);
        result.pipeline_latencies.emplace_back(counts[p] > 0 ? sums[p] / static_cast<double>(counts[p]) : 0.0);
    }
    return result;
}

void replay_each(const std::vector<QuotaNode>& nodes, const std::vector<ReplayPipeline>& pipelines,
                 const ReplayLoad& load, ReplayRouter& router, ReplayObserver& observer) {
    ReplayLoad all = load;
    all.warm_up = 0;
    std::vector<double> latencies;
    std::vector<std::size_t> counts(pipelines.size(), 0);
    std::vector<double> sums(pipelines.size(), 0);
    double seconds = 0;
    Simulation(nodes, pipelines, all, 0, &router, &observer).run(latencies, counts, sums, seconds);
}

ReplayResult replay(const std::vector<QuotaNode>& nodes, const ReplayPipeline& pipeline, const ReplayLoad& load) {
    if (!load.rate_per_second && load.in_flight <= 1 && never_throttled(nodes, pipeline)) return exact_sum(pipeline);
    return replay(nodes, std::vector<ReplayPipeline>{pipeline}, load, nullptr);
}

}  // namespace carbonedge
