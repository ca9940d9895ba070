#include "lib/exchange/pipeedge_hosts.h"

#include "lib/formats/yaml.h"

namespace carbonedge {

std::string node_of_host(std::string_view host) {
    std::string node(host);
    for (char& letter : node) {
        const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                           (letter >= '0' && letter <= '9') || letter == '_';
        if (!plain) letter = '-';
    }
    return node;
}

std::vector<std::string> read_pipeedge_hosts(std::string_view devices, const std::string& file) {
    std::vector<std::string> hosts;
    const JsonDocument document = read_yaml(devices, file);
    for (const auto& [type, listed] : document.root().members()) {
        if (listed.is_null()) continue;
        for (const JsonCursor& host : listed.elements()) hosts.push_back(host.text());
    }
    return hosts;
}

}  // namespace carbonedge
