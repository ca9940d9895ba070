#include "lib/exchange/kubernetes_manifests.h"

#include "lib/base/errors.h"
#include "lib/base/utf8.h"
#include "lib/cluster/node_addresses_file.h"
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
constexpr const char* kSettings = "/etc/carbonedge/nodes";  ///< where the gateway finds the nodes' addresses
constexpr const char* kFiles = "/files";                    ///< where it finds plan and model
constexpr const char* kServed = "127.0.0.1:8001";           ///< in the clear, for probes of its own pod
constexpr int kServicePort = 8080;                          ///< REST over mutual TLS
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
    Manifests(const Plan& plan, const std::set<std::string>& nodes, const KubernetesOptions& options)
        : options_(options), peers_(nodes), longest_message_(longest_message(plan)) {
        peers_.insert(std::string(kGateway));
    }

    [[nodiscard]] Json deployment(const Node& node) const {
        Json pod = unprivileged_pod();
        pod["nodeSelector"]["carbonedge." + node.name] = "true";
        pod["containers"] = Json::array({container(node)});
        pod["volumes"] = Json::array({directory_volume(), certificates_volume(node.name)});
        return deployment("carbonedge-" + node.name, labels(node.name), pod);
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

    [[nodiscard]] Json nodes_policy() const {
        Json from_ours = from_our_pods();
        from_ours["ports"] = Json::array({object({{"protocol", "TCP"}, {"port", kTensorPort}}),
                                          object({{"protocol", "TCP"}, {"port", kControlPort}})});
        return network_policy("carbonedge-nodes", "carbonedge-node", from_ours);
    }

    // -- the gateway -------------------------------------------------------------------------------------------------

    /// Answers of the last nodes come to a port that it has chosen itself.
    [[nodiscard]] Json gateway_policy() const {
        return network_policy("carbonedge-gateway", "carbonedge-gateway", from_our_pods());
    }

    [[nodiscard]] Json gateway_service() const {
        return object({
            {"apiVersion", "v1"},
            {"kind", "Service"},
            {"metadata", metadata("carbonedge-gateway", gateway_labels())},
            {"spec", object({{"selector", gateway_labels()}, {"ports", Json::array({port("service", kServicePort)})}})},
        });
    }

    [[nodiscard]] Json addresses(const std::vector<NodeAddress>& nodes) const {
        return object({
            {"apiVersion", "v1"},
            {"kind", "ConfigMap"},
            {"metadata", metadata("carbonedge-nodes", part())},
            {"data", object({{"nodes.ini", write_node_addresses(nodes)}})},
        });
    }

    [[nodiscard]] Json files_claim() const {
        return object({
            {"apiVersion", "v1"},
            {"kind", "PersistentVolumeClaim"},
            {"metadata", metadata("carbonedge-files", part())},
            {"spec", object({{"accessModes", Json::array({"ReadWriteOnce"})},
                             {"resources", object({{"requests", object({{"storage", "1Gi"}})}})}})},
        });
    }

    [[nodiscard]] Json gateway() const {
        Json pod = unprivileged_pod();
        pod.erase("nodeSelector");
        pod["initContainers"] = Json::array({files_container()});
        pod["containers"] = Json::array({gateway_container()});
        pod["volumes"] = Json::array(
            {directory_volume(), certificates_volume(std::string(kGateway)),
             object({{"name", "nodes"}, {"configMap", object({{"name", "carbonedge-nodes"}})}}),
             object({{"name", "files"}, {"persistentVolumeClaim", object({{"claimName", "carbonedge-files"}})}})});
        return deployment("carbonedge-gateway", gateway_labels(), pod);
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

    static Json part() { return object({{"app.kubernetes.io/part-of", "carbonedge"}}); }

    static Json gateway_labels() {
        return object({{"app.kubernetes.io/name", "carbonedge-gateway"}, {"app.kubernetes.io/part-of", "carbonedge"}});
    }

    static Json unprivileged_pod() {
        return object({
            {"automountServiceAccountToken", false},
            {"enableServiceLinks", false},
            {"nodeSelector", object({})},
            {"securityContext", object({{"runAsNonRoot", true},
                                        {"runAsUser", kUser},
                                        {"runAsGroup", kUser},
                                        {"fsGroup", kUser},
                                        {"seccompProfile", object({{"type", "RuntimeDefault"}})}})},
        });
    }

    static Json unprivileged_container() {
        return object({{"allowPrivilegeEscalation", false},
                       {"readOnlyRootFilesystem", true},
                       {"capabilities", object({{"drop", Json::array({"ALL"})}})}});
    }

    [[nodiscard]] Json deployment(const std::string& name, const Json& labelled, const Json& pod) const {
        return object({
            {"apiVersion", "apps/v1"},
            {"kind", "Deployment"},
            {"metadata", metadata(name, labelled)},
            {"spec", object({{"replicas", 1},
                             {"strategy", object({{"type", "Recreate"}})},  // two at a time would be one node twice
                             {"selector", object({{"matchLabels", labelled}})},
                             {"template", object({{"metadata", object({{"labels", labelled}})}, {"spec", pod}})}})},
        });
    }

    static Json from_our_pods() {
        return object({{"from", Json::array({object({{"podSelector", object({{"matchLabels", part()}})}})})}});
    }

    [[nodiscard]] Json network_policy(const char* name, const char* pods, const Json& ingress) const {
        return object({
            {"apiVersion", "networking.k8s.io/v1"},
            {"kind", "NetworkPolicy"},
            {"metadata", metadata(name, part())},
            {"spec", object({{"podSelector", object({{"matchLabels", object({{"app.kubernetes.io/name", pods}})}})},
                             {"policyTypes", Json::array({"Ingress"})},
                             {"ingress", Json::array({ingress})}})},
        });
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

    static Json probe(const Json& command, int period, int failures) {
        return object({{"exec", object({{"command", command}})},
                       {"periodSeconds", period},
                       {"timeoutSeconds", 5},
                       {"failureThreshold", failures}});
    }

    static Json mount(const char* volume, const std::string& path, bool read_only) {
        Json made = object({{"name", volume}, {"mountPath", path}});
        if (read_only) made["readOnly"] = true;
        return made;
    }

    /// Waits until plan and model have been copied into it: a cluster has no other way to be given large files.
    [[nodiscard]] Json files_container() const {
        return object({
            {"name", "files"},
            {"image", options_.image},
            {"command", Json::array({"sh", "-c", fmt::format("until [ -e {}/ready ]; do sleep 1; done", kFiles)})},
            {"securityContext", unprivileged_container()},
            {"volumeMounts", Json::array({mount("files", kFiles, false)})},
        });
    }

    [[nodiscard]] Json gateway_container() const {
        const Json arguments =
            Json::array({"run", fmt::format("{}/plan.json", kFiles), "--model", fmt::format("{}/model.pt", kFiles),
                         "--engine", "attached", "--nodes", fmt::format("{}/nodes.ini", kSettings), "--gateway-address",
                         "$(POD_ADDRESS)", "--tls", kCertificates, "--requests", "10", "--serve", kServed,
                         "--serve-http", fmt::format("0.0.0.0:{}", kServicePort)});
        const Json address = object({{"fieldRef", object({{"fieldPath", "status.podIP"}})}});
        const Json live = Json::array({"carbonedge-probe", "--quiet", kServed});
        const Json ready = Json::array({"carbonedge-probe", "--quiet", "--ready", kServed});
        return object({
            {"name", "gateway"},
            {"image", options_.image},
            {"command", Json::array({"carbonedge"})},
            {"args", arguments},
            {"env", Json::array({object({{"name", "POD_ADDRESS"}, {"valueFrom", address}}),
                                 object({{"name", "TMPDIR"}, {"value", kDirectory}})})},
            {"ports",
             Json::array({object({{"name", "service"}, {"containerPort", kServicePort}, {"protocol", "TCP"}})})},
            {"startupProbe", probe(live, 5, 60)},
            {"readinessProbe", probe(ready, 10, 1)},
            {"livenessProbe", probe(live, 30, 3)},
            {"securityContext", unprivileged_container()},
            {"volumeMounts", Json::array({mount("directory", kDirectory, false),
                                          mount("certificates", fmt::format("{}/{}", kCertificates, kGateway), true),
                                          mount("nodes", kSettings, true), mount("files", kFiles, true)})},
        });
    }

    [[nodiscard]] Json container(const Node& node) const {
        const std::string threads = std::to_string(node.threads);
        Json environment = Json::array();
        for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"})
            environment.push_back(object({{"name", name}, {"value", threads}}));
        Json arguments = Json::array({"--name", node.name, "--directory", kDirectory, "--control",
                                      fmt::format("0.0.0.0:{}", kControlPort), "--tensors",
                                      fmt::format("tls:0.0.0.0:{}", kTensorPort), "--tls", kCertificates, "--threads",
                                      threads, "--longest-message", fmt::format("{}B", longest_message_)});
        for (const std::string& peer : peers_) {
            arguments.push_back("--accept");
            arguments.push_back(peer);
        }
        const Json live =
            Json::array({"carbonedge-probe", "--quiet", fmt::format("unix:{}/{}.control", kDirectory, node.name)});
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
            {"startupProbe", probe(live, 2, 60)},
            {"readinessProbe", probe(live, 30, 1)},  // it listens; its stage comes later, over this very service
            {"livenessProbe", probe(live, 30, 3)},
            {"securityContext", unprivileged_container()},
            {"volumeMounts",
             Json::array({mount("directory", kDirectory, false),
                          mount("certificates", fmt::format("{}/{}", kCertificates, node.name), true)})},
        });
    }

    static Json directory_volume() { return object({{"name", "directory"}, {"emptyDir", object({})}}); }

    static Json certificates_volume(const std::string& of) {
        constexpr int kOwnerAndGroupRead = 0440;
        return object(
            {{"name", "certificates"},
             {"secret", object({{"secretName", "carbonedge-" + of + "-tls"}, {"defaultMode", kOwnerAndGroupRead}})}});
    }

    KubernetesOptions options_;
    std::set<std::string> peers_;  ///< whose certificates a node takes tensors from
    std::int64_t longest_message_;
};

std::string document(const Json& manifest) { return "---\n" + write_yaml(manifest); }

}  // namespace

std::string write_kubernetes_manifests(const Plan& plan, const std::string& file, const KubernetesOptions& options) {
    const std::set<std::string> used = used_nodes(plan);
    const Manifests manifests(plan, used, options);
    std::string text;
    std::vector<NodeAddress> addresses;
    for (const Node& node : plan.cluster.nodes) {
        if (!used.contains(node.name)) continue;
        require_name(node.name, file);
        text += document(manifests.deployment(node)) + document(manifests.service(node));
        const std::string service = "carbonedge-" + node.name;
        addresses.push_back(
            {node.name, fmt::format("{}:{}", service, kControlPort), fmt::format("{}:{}", service, kTensorPort)});
    }
    text += document(manifests.nodes_policy());
    for (const Json& manifest : {manifests.addresses(addresses), manifests.files_claim(), manifests.gateway(),
                                 manifests.gateway_service(), manifests.gateway_policy()})
        text += document(manifest);
    return text;
}

}  // namespace carbonedge
