#include "lib/runtime/node_host.h"

#include "lib/units/text.h"

#include <fmt/format.h>
#include <random>

namespace carbonedge {

std::vector<std::string> container_node_arguments(const Node& node, Bytes longest_message,
                                                  const EngineOptions& options) {
    std::vector<std::string> words{"--name",
                                   node.name,
                                   "--directory",
                                   kContainerDirectory,
                                   "--control",
                                   fmt::format("0.0.0.0:{}", kControlPort),
                                   "--tensors",
                                   fmt::format("{}0.0.0.0:{}", options.container.security.scheme(), kTensorPort),
                                   "--threads",
                                   std::to_string(node.threads),
                                   "--longest-message",
                                   fmt::format("{}B", longest_message.value()),
                                   "--send-timeout",
                                   exact_duration(options.request_timeout)};
    if (options.container.security.encrypted()) {
        words.insert(words.end(), {"--tls", kContainerCertificates});
        for (const std::string& peer : options.container.security.accepted)
            words.insert(words.end(), {"--accept", peer});
        if (!options.container.security.accepted.empty()) {
            words.insert(words.end(), {"--accept", std::string(kGateway)});
        }
    } else {
        words.emplace_back("--plain-text-across-hosts");
    }
    return words;
}

std::vector<std::string> thread_environment(int threads) {
    std::vector<std::string> settings;
    for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"}) {
        settings.push_back(fmt::format("{}={}", name, threads));
    }
    return settings;
}

std::string make_run_name() {
    std::random_device entropy;
    return fmt::format("{:08x}", entropy());
}

}  // namespace carbonedge
