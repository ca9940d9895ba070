#include "lib/runtime/stack_file.h"

#include <fmt/format.h>
#include <array>
#include <filesystem>

namespace carbonedge {
namespace {

/// A node ends at once when it is asked to; a frozen one is waited for in vain.
constexpr const char* kStopGrace = "2s";
/// Its heartbeats tell more and sooner, and a service with a health check is reached by its name only after the first.
constexpr const char* kNoHealthCheck = "    healthcheck: {disable: true}\n";
constexpr std::array<const char*, 3> kCertificateFiles{"ca", "cert", "key"};

/// As YAML's single quotes have it, with `$` kept from being a variable of the compose file.
std::string quoted(const std::string& text) {
    std::string result = "'";
    for (const char character : text) {
        if (character == '\'' || character == '$') result += character;
        result += character;
    }
    return result + "'";
}

std::string list_of(const std::vector<std::string>& words) {
    std::string list = "[";
    for (const std::string& word : words) list += (list.size() > 1 ? ", " : "") + quoted(word);
    return list + "]";
}

std::string service_text(const std::string& run, const StackService& service, Bytes longest_message,
                         const EngineOptions& options) {
    const Node& node = service.node;
    std::string text = fmt::format("  {}:\n", node.name);
    text += fmt::format("    image: {}\n", quoted(options.container.image));
    text += fmt::format("    entrypoint: {}\n", list_of({"carbonedge-node"}));
    text += fmt::format("    command: {}\n", list_of(container_node_arguments(node, longest_message, options)));
    text += fmt::format("    environment: {}\n", list_of(thread_environment(node.threads)));
    text += fmt::format("    user: {}\n", quoted(kContainerUser));
    text += "    read_only: true\n    cap_drop: [ALL]\n";
    text += fmt::format("    labels: {}\n", list_of({"carbonedge.run=" + run, "carbonedge.node=" + node.name}));
    text += fmt::format("    volumes:\n      - type: tmpfs\n        target: {}\n", kContainerDirectory);
    text += fmt::format("    stop_grace_period: {}\n", kStopGrace);
    text +=
        options.fail_over
            ? kNoHealthCheck
            : fmt::format(
                  "    healthcheck:\n      test: {}\n      interval: 10s\n      timeout: 5s\n      start_period: 60s\n",
                  list_of({"CMD", "carbonedge-probe", "--quiet",
                           fmt::format("unix:{}/{}.control", kContainerDirectory, node.name)}));
    text += fmt::format("    networks:\n      tensors:\n        aliases: {}\n", list_of({node.name}));
    if (options.container.security.encrypted()) {
        text += "    secrets:\n";
        for (const std::string file : kCertificateFiles) {
            text += fmt::format(
                "      - {{source: {0}-{1}, target: {2}/{0}/{1}.pem, uid: '10001', gid: '10001', mode: 0400}}\n",
                node.name, file, kContainerCertificates);
        }
    }
    text += "    ports:\n";
    for (const auto& [target, published] :
         {std::pair(kControlPort, service.control_port), std::pair(kTensorPort, service.tensor_port)}) {
        text += fmt::format("      - {{target: {}, published: {}, protocol: tcp, mode: host}}\n", target, published);
    }
    text += fmt::format("    deploy:\n      replicas: {}\n", service.runs ? 1 : 0);
    text += "      endpoint_mode: dnsrr\n      restart_policy: {condition: none}\n";
    text += fmt::format("      labels: {}\n", list_of({"carbonedge.run=" + run, "carbonedge.node=" + node.name}));
    text += fmt::format("      placement:\n        constraints: {}\n",
                        list_of({fmt::format("node.labels.{} == true", placement_label(node.name))}));
    if (options.impose_limits) {
        text += fmt::format("      resources:\n        limits:\n          cpus: '{:.2f}'\n", node.cpus);
        if (node.memory.value() > 0) text += fmt::format("          memory: '{}b'\n", node.memory.value());
    }
    return text;
}

}  // namespace

std::string placement_label(const std::string& node) { return "carbonedge." + node; }

std::string stack_text(const std::string& run, const std::vector<StackService>& services, Bytes longest_message,
                       const EngineOptions& options) {
    std::string text = fmt::format(
        "# Written by carbonedge-run --engine swarm, run {0}. By hand: docker stack deploy --compose-file FILE "
        "carbonedge-{0}\nversion: '3.8'\nservices:\n",
        run);
    for (const StackService& service : services) text += service_text(run, service, longest_message, options);
    text +=
        fmt::format("networks:\n  tensors:\n    driver: overlay\n    labels: {}\n", list_of({"carbonedge.run=" + run}));
    if (!options.container.security.encrypted()) return text;
    text += "secrets:\n";
    const std::string directory = std::filesystem::absolute(options.container.security.tls_directory).string();
    for (const StackService& service : services) {
        for (const std::string file : kCertificateFiles) {
            text += fmt::format("  {0}-{1}:\n    file: {2}\n", service.node.name, file,
                                quoted(fmt::format("{}/{}/{}.pem", directory, service.node.name, file)));
        }
    }
    return text;
}

}  // namespace carbonedge
