#include "lib/exchange/kubernetes_manifests.h"

#include "lib/base/errors.h"
#include "lib/base/utf8.h"
#include "lib/formats/yaml.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <set>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kTensorPort = 7000;
constexpr int kControlPort = 7001;
constexpr int kUser = 10001;  // the image's own, docker/Dockerfile
constexpr const char* kDirectory = "/run/carbonedge";
constexpr const char* kCertificates = "/etc/carbonedge/tls";
/// A name of 63 characters less "carbonedge-" and "-tls" (RFC 1123).
constexpr std::size_t kLongestName = 48;
/// Room around the largest message that the plan predicts, as `carbonedge run` takes it.
constexpr std::int64_t kSmallestLongestMessage = 1024 * 1024;

Json object(std::initializer_list<std::pair<const char*, Json>> members) {
    Json made = Json::object();
    for (const auto& [key, value] : members) made[key] = value;
    return made;
}

void require_name(const std::string& name, const std::string& file) {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    const bool fits = !name.empty() && name.size() <= kLongestName && plain(name.back()) &&
                      std::all_of(name.begin(), name.end(), [&](char c) { return plain(c) || c == '-'; });
    if (!fits)
        throw InputError(file, 0,
                         fmt::format("the node {} cannot be named so in Kubernetes, which has lower-case letters, "
                                     "digits and - up to {} characters; rename it in the cluster",
                                     quoted_for_message(name), kLongestName));
}

std::set<std::string> used_nodes(const Plan& plan) {
    std::set<std::string> used;
    for (const Pipeline& pipeline : plan.pipelines) {
        for (const PlannedStage& stage : pipeline.stages) used.insert(stage.node);
    }
    return used;
}

std::int64_t longest_message(const Plan& plan) {
    std::int64_t longest = kSmallestLongestMessage;
    for (const Pipeline& pipeline : plan.pipelines) {
        for (const PlannedTransfer& transfer : pipeline.transfers) longest = std::max(longest, transfer.bytes.value());
    }
    return longest;
}

class Manifests {
public:
    Manifests(const Plan& plan, const KubernetesOptions& options)
        : options_(options), longest_message_(longest_message(plan)) {}

    [[nodiscard]] Json deployment(const Node& node) const {
        Json pod = object({
            {"automountServiceAccountToken", false},
            {"enableServiceLinks", false},
            {"nodeSelector", object({})},
            {"securityContext", object({{"runAsNonRoot", true},
                                        {"runAsUser", kUser},
                                        {"runAsGroup", kUser},
                                        {"fsGroup", kUser},
                                        {"seccompProfile", object({{"type", "RuntimeDefault"}})}})},
            {"containers", Json::array({container(node)})},
            {"volumes", volumes(node)},
        });
        pod["nodeSelector"]["carbonedge." + node.name] = "true";
        return object({
            {"apiVersion", "apps/v1"},
            {"kind", "Deployment"},
            {"metadata", metadata("carbonedge-" + node.name, labels(node.name))},
            {"spec",
             object({{"replicas", 1},
                     {"strategy", object({{"type", "Recreate"}})},  // two at a time would be one node twice
                     {"selector", object({{"matchLabels", labels(node.name)}})},
                     {"template", object({{"metadata", object({{"labels", labels(node.name)}})}, {"spec", pod}})}})},
        });
    }

    /// Without an address of its own: the name leads to the pod, and also before the pod has a stage.
    [[nodiscard]] Json service(const Node& node) const {
        return object({
            {"apiVersion", "v1"},
            {"kind", "Service"},
            {"metadata", metadata("carbonedge-" + node.name, labels(node.name))},
            {"spec", object({{"clusterIP", "None"},
                             {"publishNotReadyAddresses", true},
                             {"selector", labels(node.name)},
                             {"ports", Json::array({port("tensors", kTensorPort), port("control", kControlPort)})}})},
        });
    }

    [[nodiscard]] Json network_policy() const {
        const Json ours = object({{"matchLabels", object({{"app.kubernetes.io/part-of", "carbonedge"}})}});
        const Json from_ours = object({
            {"from", Json::array({object({{"podSelector", ours}})})},
            {"ports", Json::array({object({{"protocol", "TCP"}, {"port", kTensorPort}}),
                                   object({{"protocol", "TCP"}, {"port", kControlPort}})})},
        });
        return object({
            {"apiVersion", "networking.k8s.io/v1"},
            {"kind", "NetworkPolicy"},
            {"metadata", metadata("carbonedge-nodes", object({{"app.kubernetes.io/part-of", "carbonedge"}}))},
            {"spec", object({{"podSelector",
                              object({{"matchLabels", object({{"app.kubernetes.io/name", "carbonedge-node"}})}})},
                             {"policyTypes", Json::array({"Ingress"})},
                             {"ingress", Json::array({from_ours})}})},
        });
    }

private:
    [[nodiscard]] Json metadata(const std::string& name, const Json& labelled) const {
        Json made = object({{"name", name}});
        if (!options_.namespace_name.empty()) made["namespace"] = options_.namespace_name;
        made["labels"] = labelled;
        return made;
    }

    static Json labels(const std::string& node) {
        return object({{"app.kubernetes.io/name", "carbonedge-node"},
                       {"app.kubernetes.io/part-of", "carbonedge"},
                       {"app.kubernetes.io/component", node}});
    }

    static Json port(const char* name, int number) {
        return object({{"name", name}, {"port", number}, {"targetPort", name}, {"protocol", "TCP"}});
    }

    /// A guaranteed pod: what it asks for is what it is held to.
    static Json resources(const Node& node) {
        Json limits = object({{"cpu", fmt::format("{}m", std::max<long>(1, std::lround(node.cpus * 1000)))}});
        if (node.memory.value() > 0) limits["memory"] = std::to_string(node.memory.value());
        return object({{"requests", limits}, {"limits", limits}});
    }

    static Json probe(const Node& node, int period, int failures) {
        const Json command =
            Json::array({"carbonedge-probe", "--quiet", fmt::format("unix:{}/{}.control", kDirectory, node.name)});
        return object({{"exec", object({{"command", command}})},
                       {"periodSeconds", period},
                       {"timeoutSeconds", 5},
                       {"failureThreshold", failures}});
    }

    [[nodiscard]] Json container(const Node& node) const {
        const std::string threads = std::to_string(node.threads);
        Json environment = Json::array();
        for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"})
            environment.push_back(object({{"name", name}, {"value", threads}}));
        const Json arguments = Json::array(
            {"--name", node.name, "--directory", kDirectory, "--control", fmt::format("0.0.0.0:{}", kControlPort),
             "--tensors", fmt::format("tls:0.0.0.0:{}", kTensorPort), "--tls", kCertificates, "--threads", threads,
             "--longest-message", fmt::format("{}B", longest_message_)});
        return object({
            {"name", "node"},
            {"image", options_.image},
            {"command", Json::array({"carbonedge-node"})},
            {"args", arguments},
            {"env", environment},
            {"ports",
             Json::array({object({{"name", "tensors"}, {"containerPort", kTensorPort}, {"protocol", "TCP"}}),
                          object({{"name", "control"}, {"containerPort", kControlPort}, {"protocol", "TCP"}})})},
            {"resources", resources(node)},
            {"startupProbe", probe(node, 2, 60)},
            {"readinessProbe", probe(node, 30, 1)},  // it listens; its stage comes later, over this very service
            {"livenessProbe", probe(node, 30, 3)},
            {"securityContext", object({{"allowPrivilegeEscalation", false},
                                        {"readOnlyRootFilesystem", true},
                                        {"capabilities", object({{"drop", Json::array({"ALL"})}})}})},
            {"volumeMounts", Json::array({object({{"name", "directory"}, {"mountPath", kDirectory}}),
                                          object({{"name", "certificates"},
                                                  {"mountPath", std::string(kCertificates) + "/" + node.name},
                                                  {"readOnly", true}})})},
        });
    }

    static Json volumes(const Node& node) {
        constexpr int kOwnerAndGroupRead = 0440;
        return Json::array({
            object({{"name", "directory"}, {"emptyDir", object({})}}),
            object({{"name", "certificates"},
                    {"secret", object({{"secretName", "carbonedge-" + node.name + "-tls"},
                                       {"defaultMode", kOwnerAndGroupRead}})}}),
        });
    }

    KubernetesOptions options_;
    std::int64_t longest_message_;
};

std::string document(const Json& manifest) { return "---\n" + write_yaml(manifest); }

}  // namespace

std::string write_kubernetes_manifests(const Plan& plan, const std::string& file, const KubernetesOptions& options) {
    const Manifests manifests(plan, options);
    const std::set<std::string> used = used_nodes(plan);
    std::string text;
    for (const Node& node : plan.cluster.nodes) {
        if (!used.contains(node.name)) continue;
        require_name(node.name, file);
        text += document(manifests.deployment(node)) + document(manifests.service(node));
    }
    return text + document(manifests.network_policy());
}

}  // namespace carbonedge
