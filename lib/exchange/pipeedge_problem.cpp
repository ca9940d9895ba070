#include "lib/exchange/pipeedge_problem.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/base/utf8.h"
#include "lib/cluster/cluster_checks.h"
#include "lib/exchange/pipeedge_hosts.h"
#include "lib/formats/yaml.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>

namespace carbonedge {
namespace {

constexpr double kMebibyte = 1024.0 * 1024.0;
constexpr double kBytesPerMegabit = 1024.0 * 1024.0 / 8;
constexpr std::int64_t kMostLayers = 100'000;
constexpr std::int64_t kLargestBatch = 1'000'000;
constexpr std::int64_t kMostElements = std::int64_t{1} << 32U;
constexpr double kMostMegabytes = 5e8;  // a cluster's largest memory
constexpr double kMostMegabits = 1e9;

struct PipeEdgeModel {
    std::vector<ForeignLayer> layers;  ///< without times
    std::int64_t input_bytes = 0;
};

struct PipeEdgeDeviceType {
    double megabytes = 0;
    double megabits = 0;
    long megabits_line = 0;
    std::vector<double> seconds;
};

std::vector<std::string> keys_of(const JsonCursor& map) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : map.members()) keys.push_back(key);
    return keys;
}

/// The error line of a name that is not there; of many valid ones it lists none.
std::string unknown_name(std::string_view kind, const std::string& name, const std::vector<std::string>& names) {
    constexpr std::size_t kMostListed = 12;
    if (names.size() <= kMostListed) return unknown_name_message(kind, name, names);
    const std::string nearest = nearest_name(name, names);
    return fmt::format("unknown {} {}{}", kind, quoted_for_message(name),
                       nearest.empty() ? "" : fmt::format(" (did you mean {}?)", quoted_for_message(nearest)));
}

std::int64_t bytes_of(const std::string& dtype) {
    static const std::map<std::string, std::int64_t> kSizes{
        {"torch.float64", 8}, {"torch.float32", 4}, {"torch.float16", 2}, {"torch.bfloat16", 2},
        {"torch.int64", 8},   {"torch.int32", 4},   {"torch.int8", 1},    {"torch.uint8", 1}};
    const auto found = kSizes.find(dtype);
    if (found != kSizes.end()) return found->second;
    std::vector<std::string> names;
    for (const auto& [name, size] : kSizes) names.push_back(name);
    throw UsageError("--dtype: " + unknown_name_message("element type", dtype, names));
}

PipeEdgeModel read_model(const JsonCursor& models, const PipeEdgeRequest& request, std::vector<std::string>& remarks) {
    const auto entry = models.find(request.model);
    if (!entry) models.refuse(unknown_name("model", request.model, keys_of(models)));
    const std::int64_t count = entry->at("layers").integer(1, kMostLayers);
    const JsonCursor memory = entry->at("mem_MB");
    const JsonCursor out = entry->at("parameters_out");
    const std::vector<JsonCursor> megabytes = memory.elements();
    const std::vector<JsonCursor> elements = out.elements();
    const auto layers = static_cast<std::size_t>(count);
    if (megabytes.size() != layers) {
        memory.refuse(
            fmt::format("'mem_MB' has {} numbers, expected one for each of the {} layers", megabytes.size(), layers));
    }
    if (elements.empty() || elements.size() > layers) {
        out.refuse(fmt::format("'parameters_out' has {} numbers, expected one for each of the {} layers",
                               elements.size(), layers));
    }
    if (elements.size() < layers) {
        remarks.push_back(fmt::format("'parameters_out' of {} has {} numbers for {} layers: repeated, as PipeEdge does",
                                      request.model, elements.size(), layers));
    }
    const std::int64_t element_bytes = bytes_of(request.dtype) * request.batch;
    PipeEdgeModel model;
    model.input_bytes = entry->at("parameters_in").integer(0, kMostElements) * element_bytes;
    for (std::size_t l = 0; l < layers; ++l) {
        ForeignLayer layer;
        layer.name = fmt::format("layer{}", l + 1);
        layer.weight_bytes = megabytes[l].number(0, kMostMegabytes) * kMebibyte;
        layer.output_bytes = elements[l % elements.size()].integer(0, kMostElements) * element_bytes;
        model.layers.push_back(std::move(layer));
    }
    return model;
}

/// The times that a type has for the request; of several tables the last one counts, as in PipeEdge.
std::optional<std::vector<double>> read_times(const JsonCursor& type, const PipeEdgeRequest& request,
                                              std::size_t layers) {
    const auto profiles = type.find("model_profiles");
    if (!profiles || profiles->is_null()) return std::nullopt;
    const auto of_model = profiles->find(request.model);
    if (!of_model || of_model->is_null()) return std::nullopt;
    std::optional<std::vector<double>> times;
    for (const JsonCursor& profile : of_model->elements()) {
        const bool batch = profile.at("batch_size").integer(1, kLargestBatch) == request.batch;
        if (profile.at("dtype").text() != request.dtype || !batch) continue;
        const JsonCursor seconds = profile.at("time_s");
        times.emplace();
        for (const JsonCursor& figure : seconds.elements()) times->push_back(figure.number(0, 1e6));
        if (times->size() != layers) {
            seconds.refuse(fmt::format("'time_s' has {} numbers, expected one for each of the model's {} layers",
                                       times->size(), layers));
        }
    }
    return times;
}

/// Nothing where the type has no times for the request.
std::optional<PipeEdgeDeviceType> read_type(const JsonCursor& type, const PipeEdgeRequest& request,
                                            std::size_t layers) {
    auto times = read_times(type, request, layers);
    if (!times) return std::nullopt;
    PipeEdgeDeviceType read;
    const JsonCursor megabytes = type.at("mem_MB");
    const JsonCursor megabits = type.at("bw_Mbps");
    read.megabytes = megabytes.number(0, kMostMegabytes);
    read.megabits = megabits.number(0, kMostMegabits);
    read.seconds = *std::move(times);
    if (read.megabytes <= 0) megabytes.refuse("'mem_MB' is 0, so nothing fits; expected what the device has");
    if (read.megabits <= 0) megabits.refuse("'bw_Mbps' is 0, so nothing can be sent; expected what the device has");
    return read;
}

/// The largest whole number of bytes that is less than what there is: PipeEdge wants some to be left.
Bytes usable_memory(double megabytes) {
    return Bytes(std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(megabytes * kMebibyte)) - 1));
}

/// Adds the hosts of one type to the cluster, with their links to the gateway.
void add_hosts(const std::vector<JsonCursor>& hosts, const PipeEdgeDeviceType& type, const std::string& zone,
               int profile, const AssumedPower& power, ForeignProblem& problem) {
    for (const JsonCursor& host : hosts) {
        if (!host.is_string()) host.refuse("a host is no text; quote it");
        Node node;
        node.name = node_of_host(host.text());
        node.memory = usable_memory(type.megabytes);
        node.zone = zone;
        node.intensity = power.intensity;
        node.busy_power_per_core = power.busy_per_core;
        Cluster alone;
        alone.nodes = {node};
        if (const auto wrong = find_problem(alone)) {
            host.refuse(fmt::format("the host {}: {}", quoted_for_message(host.text()), wrong->problem));
        }
        if (find_node(problem.cluster, node.name)) {
            host.refuse(fmt::format("the host {} is listed twice, or two hosts would be the node {}",
                                    quoted_for_message(host.text()), quoted_for_message(node.name)));
        }
        if (node.name != host.text()) {
            problem.remarks.push_back(
                fmt::format("the host {} is the node {}", quoted_for_message(host.text()), node.name));
        }
        Link gateway;
        gateway.from = std::string(kGateway);
        gateway.to = node.name;
        problem.cluster.nodes.push_back(std::move(node));
        problem.cluster.links.push_back(std::move(gateway));
        problem.node_profile.push_back(profile);
    }
}

/// A link is as fast as the slower of its ends. The commonest speed is the default link's, the others are named.
void add_links(const std::vector<double>& megabits, Cluster& cluster) {
    const std::size_t nodes = cluster.nodes.size();
    std::map<double, std::size_t> pairs;
    for (std::size_t v = 0; v < nodes; ++v) {
        for (std::size_t u = 0; u < v; ++u) ++pairs[std::min(megabits[u], megabits[v])];
    }
    if (pairs.empty()) return;
    const auto fewer = [](const auto& left, const auto& right) { return left.second < right.second; };
    const double common = std::max_element(pairs.begin(), pairs.end(), fewer)->first;
    cluster.default_link.bandwidth = BytesPerSecond(common * kBytesPerMegabit);
    for (std::size_t v = 0; v < nodes; ++v) {
        for (std::size_t u = 0; u < v; ++u) {
            const double speed = std::min(megabits[u], megabits[v]);
            if (speed == common) continue;
            Link link;
            link.from = cluster.nodes[u].name;
            link.to = cluster.nodes[v].name;
            link.bandwidth = BytesPerSecond(speed * kBytesPerMegabit);
            cluster.links.push_back(std::move(link));
        }
    }
}

Profile profile_of(const PipeEdgeModel& model, const PipeEdgeDeviceType& type, const std::string& name,
                   const PipeEdgeRequest& request, const JsonCursor& place) {
    std::vector<ForeignLayer> layers = model.layers;
    for (std::size_t l = 0; l < layers.size(); ++l) layers[l].seconds = type.seconds[l];
    try {
        Profile profile = chain_profile(layers, model.input_bytes, request.model, name);
        profile.environment = {
            {"imported_from", "PipeEdge"}, {"batch_size", std::to_string(request.batch)}, {"dtype", request.dtype}};
        profile.warnings = {"imported: one figure a layer, without spread, CPU time or energy"};
        return profile;
    } catch (const std::invalid_argument& error) {
        place.refuse(error.what());
    }
}

}  // namespace

ForeignProblem read_pipeedge_problem(const NamedText& models, const NamedText& device_types, const NamedText& devices,
                                     const PipeEdgeRequest& request, const AssumedPower& power) {
    if (request.batch < 1 || request.batch > kLargestBatch) {
        throw UsageError(fmt::format("--batch: {} is not within 1 to {}", request.batch, kLargestBatch));
    }
    ForeignProblem problem;
    const JsonDocument models_document = read_yaml(models.text, models.file);
    const PipeEdgeModel model = read_model(models_document.root(), request, problem.remarks);
    const JsonDocument types_document = read_yaml(device_types.text, device_types.file);
    const JsonCursor types = types_document.root();
    const JsonDocument devices_document = read_yaml(devices.text, devices.file);
    const JsonCursor hosts_of = devices_document.root();

    std::vector<double> megabits;
    for (const auto& [name, hosts] : hosts_of.members()) {
        const auto type = types.find(name);
        if (!type) {
            hosts.refuse(fmt::format("{}; described in {}", unknown_name("device type", name, keys_of(types)),
                                     device_types.file));
        }
        const std::vector<JsonCursor> listed = hosts.is_null() ? std::vector<JsonCursor>() : hosts.elements();
        if (listed.empty()) continue;
        const auto read = read_type(*type, request, model.layers.size());
        if (!read) {
            problem.remarks.push_back(fmt::format("{} has no times of {} for batch {} of {}: its {} hosts are left out",
                                                  name, request.model, request.batch, request.dtype, listed.size()));
            continue;
        }
        problem.profiles.push_back(profile_of(model, *read, name, request, *type));
        problem.profile_names.push_back(name);
        add_hosts(listed, *read, name, static_cast<int>(problem.profiles.size()) - 1, power, problem);
        megabits.resize(problem.cluster.nodes.size(), read->megabits);
    }
    if (problem.cluster.nodes.empty()) {
        hosts_of.refuse(
            fmt::format("no host can run {} with batch {} of {}", request.model, request.batch, request.dtype));
    }
    add_links(megabits, problem.cluster);
    problem.cluster.name = "PipeEdge";
    problem.cluster.buffers = {request.buffers_in + 1, request.buffers_out + 1, 1};
    return problem;
}

}  // namespace carbonedge
