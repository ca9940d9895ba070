#include "lib/runtime/virtual_run.h"

#include "lib/base/errors.h"
#include "lib/base/version.h"
#include "lib/cluster/quota_replay.h"
#include "lib/runlog/run_log_file.h"
#include "lib/runtime/run_account.h"
#include "lib/runtime/session_stamp.h"
#include "lib/scheduler/request_router.h"

#include <cmath>

namespace carbonedge {
namespace {

std::vector<QuotaNode> quotas_of(const Cluster& cluster) {
    std::vector<QuotaNode> quotas;
    for (const Node& node : cluster.nodes) quotas.push_back({node.cpus, to_seconds(node.quota_period)});
    return quotas;
}

std::vector<ReplayPipeline> replayed_pipelines(const Plan& plan) {
    std::vector<ReplayPipeline> replayed;
    for (const Pipeline& pipeline : plan.pipelines) {
        ReplayPipeline& one = replayed.emplace_back();
        for (const PlannedStage& stage : pipeline.stages) {
            const std::size_t node = find_node(plan.cluster, stage.node)->value();
            const bool drawn = can_be_throttled(plan.cluster.nodes[node]);
            one.stages.push_back({node, to_seconds(stage.busy), drawn ? to_seconds(stage.cpu) : Seconds(0)});
        }
        for (const PlannedTransfer& leg : pipeline.transfers) one.legs.push_back(to_seconds(leg.time));
    }
    return replayed;
}

/// CPU time of receiving and sending the messages of a stage.
Nanoseconds transport_cpu(const TransportCost& cost, Bytes in, Bytes out) {
    const double nanoseconds = cost.receive_cpu_fixed_ns +
                               cost.receive_cpu_per_byte_ns * static_cast<double>(in.value()) + cost.send_cpu_fixed_ns +
                               cost.send_cpu_per_byte_ns * static_cast<double>(out.value());
    return Nanoseconds(std::llround(nanoseconds));
}

class VirtualRun final : public ReplayRouter, public ReplayObserver {
public:
    VirtualRun(const Plan& plan, ChangingIntensities changing, const RunListener& listener, std::int64_t requests,
               const std::stop_token& stop)
        : plan_(plan),
          changing_(std::move(changing)),
          listener_(listener),
          requests_(requests),
          stop_(stop),
          router_(plan),
          cluster_(plan.cluster),
          account_(started_cluster(), {}, Nanoseconds(0)) {
        for (const Pipeline& pipeline : plan.pipelines) {
            for (const PlannedStage& stage : pipeline.stages) used_[stage.node].peak_memory = stage.memory;
        }
        if (changing_.intensities) next_change_ = changing_.intensities->next_change(changing_.clock.from);
    }

    std::size_t choose() override { return router_.choose(); }
    void finished(std::size_t pipeline, Seconds latency) override { router_.finished(pipeline, latency); }

    void reached(Seconds now) override {
        if (stop_.stop_requested()) throw Interrupted();
        now_ = now;
        while (next_change_) {
            const Seconds due(static_cast<double>((*next_change_ - changing_.clock.from).count()) /
                              changing_.clock.speed);
            if (due > now) return;
            take(changing_.intensities->at(*next_change_), to_nanoseconds(due), *next_change_);
            account_.change(cluster_, used_, to_nanoseconds(due));
            next_change_ = changing_.intensities->next_change(*next_change_);
        }
    }

    void finished(const ReplayedRequest& replayed) override {
        RequestRecord record;
        record.id = static_cast<std::int64_t>(replayed.request);
        record.pipeline = static_cast<std::int64_t>(replayed.pipeline);
        record.arrival = to_nanoseconds(replayed.arrival);
        record.latency = to_nanoseconds(replayed.latency);
        const Pipeline& pipeline = plan_.pipelines[replayed.pipeline];
        // Rounded to nanoseconds each; what is left over goes to the way back, so that the parts sum to the latency.
        Nanoseconds rest = record.latency;
        for (std::size_t s = 0; s < pipeline.stages.size(); ++s) {
            const PlannedStage& planned = pipeline.stages[s];
            StageRecord stage;
            stage.node = planned.node;
            stage.transfer = to_nanoseconds(replayed.stages[s].transfer);
            stage.queue = to_nanoseconds(replayed.stages[s].queue);
            stage.compute = to_nanoseconds(replayed.stages[s].compute);
            stage.input_bytes = pipeline.transfers[s].bytes;
            stage.output_bytes = pipeline.transfers[s + 1].bytes;
            const Nanoseconds transport = transport_cpu(cluster_.transport, stage.input_bytes, stage.output_bytes);
            stage.cpu = std::max(planned.cpu - transport, Nanoseconds(0));
            used_[planned.node].cpu += planned.cpu;
            rest -= stage.transfer + stage.queue + stage.compute;
            record.stages.push_back(std::move(stage));
        }
        record.return_transfer = rest;
        account_.add(record);
        listener_.log(request_line(record));
        ++done_;
        if (listener_.progress) listener_.progress(done_, requests_);
    }

    RunEnd end() {
        RunEnd end;
        const RunAccount::Sum sum = account_.finish(used_, to_nanoseconds(now_));
        for (const IntensityRecord& record : intensities_) listener_.log(intensity_line(record));
        for (const NodeRecord& node : sum.nodes) listener_.log(node_line(node));
        end.succeeded = done_;
        end.complete = done_ == requests_;
        end.interrupted = stop_.stop_requested();
        end.wall = to_nanoseconds(now_);
        end.link_energy = sum.links.joules;
        end.link_grams = sum.links.grams;
        return end;
    }

private:
    Cluster started_cluster() {
        if (changing_.intensities) {
            take(changing_.intensities->at(changing_.clock.from), Nanoseconds(0), changing_.clock.from);
        }
        return cluster_;
    }

    void take(const std::vector<ZoneIntensity>& values, Nanoseconds at, UtcSeconds time) {
        for (const ZoneIntensity& value : values) {
            const auto known = last_.find(value.zone);
            if (known != last_.end() && known->second == value.intensity) continue;
            last_[value.zone] = value.intensity;
            intensities_.push_back({at, utc_text(time), value.zone, value.intensity});
            set_zone_intensity(cluster_, value.zone, value.intensity);
            for (const Node& node : cluster_.nodes) {
                if (node.zone == value.zone) router_.set_intensity(node.name, value.intensity);
            }
        }
    }

    const Plan& plan_;
    ChangingIntensities changing_;
    const RunListener& listener_;
    std::int64_t requests_;
    const std::stop_token& stop_;
    RequestRouter router_;
    Cluster cluster_;
    std::map<std::string, CarbonIntensity> last_;
    std::vector<IntensityRecord> intensities_;
    RunAccount account_;  // after what started_cluster() fills
    RunAccount::Usage used_;
    std::optional<UtcSeconds> next_change_;
    Seconds now_{0};
    std::int64_t done_ = 0;
};

}  // namespace

RunSummary run_in_virtual_time(const Plan& plan, const RunOptions& options, ChangingIntensities changing,
                               const RunListener& listener, const std::stop_token& stop) {
    RunHeader header;
    header.tool_version = std::string(version());
    header.date_utc = date_stamp_utc();
    header.machine = machine_stamp();
    header.engine = "virtual";
    header.plan_name = plan.name;
    header.plan_json = options.plan_json;
    header.model_sha256 = plan.profiles.at(0).model_sha256;
    header.requests = options.load.requests;
    header.rate_per_second = options.load.rate_per_second;
    header.in_flight = options.load.in_flight;
    header.seed = options.seed;
    header.meter = "model:plan";
    for (const Node& node : plan.cluster.nodes) {
        header.limits.push_back({node.name, node.cpus, node.quota_period, node.memory, true, "virtual"});
    }

    header.links = emulated_links(plan, "virtual", "virtual");
    VirtualRun run(plan, std::move(changing), listener, options.load.requests, stop);
    listener.log(header_line(header));
    ReplayLoad load;
    load.rate_per_second = options.load.rate_per_second;
    load.in_flight = static_cast<std::size_t>(options.load.in_flight);
    load.requests = static_cast<std::size_t>(options.load.requests);
    RunSummary summary;
    try {
        replay_each(quotas_of(plan.cluster), replayed_pipelines(plan), load, run, run);
    } catch (const Interrupted&) {
        // What was replayed so far stands; its end says that there was to be more.
    }
    summary.end = run.end();
    listener.log(end_line(summary.end));
    return summary;
}

}  // namespace carbonedge
