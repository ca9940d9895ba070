#include "lib/runtime/service_metrics.h"

#include "lib/base/version.h"

#include <fmt/format.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <algorithm>
#include <limits>
#include <unordered_map>

namespace carbonedge {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<std::pair<std::string, std::string>>;

constexpr std::array kProtocols{ClientProtocol::kGrpc, ClientProtocol::kRest};
constexpr std::array kResults{InferenceResult::kOk,          InferenceResult::kInvalid, InferenceResult::kUnknownModel,
                              InferenceResult::kUnavailable, InferenceResult::kTimeout, InferenceResult::kFailed};

/// The families in their order, each series once.
class Families {
public:
    MetricFamily& family(const std::string& name, MetricType type, const std::string& help) {
        families_.push_back({"carbonedge_" + name, help, type, {}});
        return families_.back();
    }
    static ClientMetric& series(MetricFamily& family, const Labels& labels) {
        ClientMetric& metric = family.metric.emplace_back();
        for (const auto& [name, value] : labels) metric.label.push_back({name, value});
        return metric;
    }
    static void count(MetricFamily& family, const Labels& labels, double value) {
        series(family, labels).counter.value = value;
    }
    static void gauge(MetricFamily& family, const Labels& labels, double value) {
        series(family, labels).gauge.value = value;
    }
    [[nodiscard]] std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

private:
    std::vector<MetricFamily> families_;
};

std::string key_of(const MetricFamily& family, const Labels& labels) {
    std::string key = family.name;
    for (const auto& [name, value] : labels) key += '\n' + value;
    return key;
}

}  // namespace

ServiceMetrics::ServiceMetrics(const Plan& plan, const std::string& engine, const std::string& meter) {
    const std::string model = plan.profiles.empty() ? "" : plan.profiles[0].model_sha256;
    plan_labels_ = {{"plan", plan.name},
                    {"model_sha256", model},
                    {"engine", engine},
                    {"meter", meter},
                    {"idle_policy", std::string(idle_policy_name(plan.cluster.idle_policy))}};
    for (const Node& node : plan.cluster.nodes) zones_[node.name] = node.zone;
    for (std::size_t pipeline = 0; pipeline < plan.pipelines.size(); ++pipeline) {
        const std::vector<PlannedStage>& stages = plan.pipelines[pipeline].stages;
        for (std::size_t stage = 0; stage < stages.size(); ++stage) {
            stage_labels_.push_back(
                {{"pipeline", std::to_string(pipeline)},
                 {"stage", std::to_string(stage)},
                 {"node", stages[stage].node},
                 {"zone", zones_[stages[stage].node]},
                 {"layers", fmt::format("{}-{}", stages[stage].layers.first, stages[stage].layers.end - 1)}});
        }
    }
    for (const ClientProtocol protocol : kProtocols) {
        for (const InferenceResult result : kResults) calls_[{protocol, result}] = 0;
        durations_[protocol] = {};
    }
}

void ServiceMetrics::call_ended(ClientProtocol protocol, InferenceResult result, Nanoseconds duration) {
    const double seconds = to_seconds(duration).count();
    const std::lock_guard lock(mutex_);
    ++calls_[{protocol, result}];
    if (result != InferenceResult::kOk) return;
    Histogram& histogram = durations_[protocol];
    ++histogram.count;
    histogram.sum += seconds;
    const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
    if (bound != kBounds.end()) ++histogram.at_most[static_cast<std::size_t>(bound - kBounds.begin())];
}

void ServiceMetrics::request_answered(const RequestRecord& record) {
    const std::lock_guard lock(mutex_);
    for (const StageRecord& stage : record.stages) {
        NodeQueue& queue = queues_[stage.node];
        ++queue.stages;
        queue.queue += std::max(stage.queue, Nanoseconds(0));
    }
}

double ServiceMetrics::not_falling(const std::string& series, double value) {
    double& highest = highest_[series];
    return highest = std::max(highest, value);
}

std::string ServiceMetrics::text(const Now& now) {
    const std::lock_guard lock(mutex_);
    Families families;
    const auto count = [this](MetricFamily& family, const Labels& labels, double value) {
        Families::count(family, labels, not_falling(key_of(family, labels), value));
    };

    Families::gauge(families.family("build_info", MetricType::Gauge, "Always 1; the version of carbonedge."),
                    {{"version", std::string(version())}}, 1);
    Families::gauge(families.family("plan_info", MetricType::Gauge, "Always 1; what is being executed."), plan_labels_,
                    1);
    MetricFamily& stages = families.family("stage_info", MetricType::Gauge, "Always 1; which node has which layers.");
    for (const Labels& labels : stage_labels_) Families::gauge(stages, labels, 1);
    Families::gauge(families.family("ready", MetricType::Gauge, "1 while requests are taken, 0 while draining."), {},
                    now.ready ? 1 : 0);
    Families::gauge(families.family("requests_in_flight", MetricType::Gauge, "Requests of clients in the pipelines."),
                    {}, static_cast<double>(now.in_flight));

    MetricFamily& calls =
        families.family("requests_total", MetricType::Counter, "Inference calls of clients by how they ended.");
    for (const auto& [key, number] : calls_) {
        count(calls,
              {{"protocol", std::string(client_protocol_name(key.first))},
               {"outcome", std::string(inference_result_name(key.second))}},
              static_cast<double>(number));
    }
    MetricFamily& durations = families.family("request_duration_seconds", MetricType::Histogram,
                                              "Time in the server of inference calls that were answered.");
    for (const auto& [protocol, measured] : durations_) {
        ClientMetric& metric = Families::series(durations, {{"protocol", std::string(client_protocol_name(protocol))}});
        metric.histogram.sample_count = measured.count;
        metric.histogram.sample_sum = measured.sum;
        std::uint64_t cumulative = 0;
        for (std::size_t i = 0; i < kBounds.size(); ++i) {
            cumulative += measured.at_most[i];
            metric.histogram.bucket.push_back({cumulative, kBounds[i]});
        }
        metric.histogram.bucket.push_back({measured.count, std::numeric_limits<double>::infinity()});
    }

    MetricFamily& passes =
        families.family("node_stages_total", MetricType::Counter, "Stages that a node has run for clients.");
    for (const auto& [node, queue] : queues_)
        count(passes, {{"node", node}, {"zone", zones_[node]}}, static_cast<double>(queue.stages));
    MetricFamily& queues = families.family("node_queue_seconds_total", MetricType::Counter,
                                           "Time that requests waited for a node's model thread; its rate is the mean "
                                           "number that wait.");
    for (const auto& [node, queue] : queues_)
        count(queues, {{"node", node}, {"zone", zones_[node]}}, to_seconds(queue.queue).count());

    MetricFamily cpu{"carbonedge_node_cpu_seconds_total", "CPU time of the nodes.", MetricType::Counter, {}};
    MetricFamily throttled{"carbonedge_node_throttled_seconds_total",
                           "Time that nodes stood still for their CPU quota.",
                           MetricType::Counter,
                           {}};
    MetricFamily memory{"carbonedge_node_memory_peak_bytes", "Most memory that a node has had.", MetricType::Gauge, {}};
    MetricFamily joules{
        "carbonedge_node_energy_joules_total", "Energy of the nodes, by how it was obtained.", MetricType::Counter, {}};
    MetricFamily grams{"carbonedge_node_emissions_grams_total",
                       "CO2e of the nodes, by how their energy was obtained.",
                       MetricType::Counter,
                       {}};
    for (const NodeRecord& node : now.account.nodes) {
        const Labels labels{{"node", node.node}, {"zone", zones_[node.node]}};
        const auto with = [&labels](const std::string& part, const EnergyReading& reading) {
            Labels more = labels;
            more.emplace_back("part", part);
            more.emplace_back("obtained", provenance_name(reading.provenance));
            return more;
        };
        Labels computing = labels;
        computing.emplace_back("part", "compute");
        count(cpu, computing, to_seconds(node.compute_cpu).count());
        Labels moving = labels;
        moving.emplace_back("part", "transport");
        count(cpu, moving, to_seconds(std::max(node.total_cpu - node.compute_cpu, Nanoseconds(0))).count());
        count(throttled, labels, to_seconds(node.throttled).count());
        Families::gauge(memory, labels, static_cast<double>(node.peak_memory.value()));
        count(joules, with("compute", node.compute_energy), node.compute_energy.joules.value());
        count(joules, with("transport", node.transport_energy), node.transport_energy.joules.value());
        count(joules, with("idle", node.compute_energy), node.idle_energy.value());
        count(grams, with("compute", node.compute_energy), node.compute_grams.value());
        count(grams, with("transport", node.transport_energy), node.transport_grams.value());
        count(grams, with("idle", node.compute_energy), node.idle_grams.value());
        count(grams, with("embodied", {}), node.embodied_grams.value());
    }
    for (MetricFamily* family : {&cpu, &throttled, &memory, &joules, &grams}) {
        families.family(family->name.substr(std::string("carbonedge_").size()), family->type, family->help).metric =
            std::move(family->metric);
    }
    MetricFamily& link_joules = families.family("link_energy_joules_total", MetricType::Counter,
                                                "Energy of the links, by their joules a byte.");
    count(link_joules, {{"obtained", "estimated"}}, now.account.links.joules.value());
    MetricFamily& link_grams = families.family("link_emissions_grams_total", MetricType::Counter, "CO2e of the links.");
    count(link_grams, {{"obtained", "estimated"}}, now.account.links.grams.value());
    return families.text();
}

}  // namespace carbonedge
