#include "lib/runtime/attached_host.h"

#include "lib/base/errors.h"

#include <fmt/format.h>
#include <algorithm>

namespace carbonedge {
namespace {

bool is_of_loopback(const std::string& address) {
    const std::string host = address.substr(0, address.rfind(':'));
    return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

class AttachedNode final : public StartedNode {
public:
    explicit AttachedNode(NodeAddresses addresses) : addresses_(std::move(addresses)) {}

    NodeAddresses await(Nanoseconds /*timeout*/, const std::stop_token& /*stop*/) override { return addresses_; }
    void on_end(OnEnd /*hear*/) override {}
    std::optional<std::string> wait(Nanoseconds /*timeout*/) override { return std::nullopt; }
    void kill() noexcept override {}

private:
    NodeAddresses addresses_;
};

}  // namespace

AttachedHost::AttachedHost(const EngineOptions& options) : options_(options) {
    std::string host = options.container.gateway_address;
    if (host.empty()) {
        const auto other = std::ranges::find_if(options.attached.nodes, [](const NodeAddress& node) {
            return !is_of_loopback(node.control) || !is_of_loopback(node.tensors);
        });
        if (other != options.attached.nodes.end()) {
            throw EnvironmentError(
                fmt::format("node '{}' at {} must know where to send its answers", other->node, other->tensors),
                "give this machine's address, as the nodes reach it, with --gateway-address");
        }
        host = "127.0.0.1";
    }
    gateway_address_ = fmt::format("{}{}:0", security().scheme(), host);
}

std::vector<std::unique_ptr<StartedNode>> AttachedHost::start(const std::vector<Node>& nodes, Bytes /*longest_message*/,
                                                              const std::stop_token& /*stop*/) {
    std::vector<std::unique_ptr<StartedNode>> found;
    for (const Node& node : nodes) {
        const auto address = std::ranges::find(options_.attached.nodes, node.name, &NodeAddress::node);
        if (address == options_.attached.nodes.end()) {
            throw InputError(options_.attached.file, 0,
                             fmt::format("does not say where node '{0}' is, expected [node.{0}]", node.name));
        }
        const std::string tensors = security().scheme() + address->tensors;
        found.push_back(
            std::make_unique<AttachedNode>(NodeAddresses{address->control, address->control, tensors, tensors}));
    }
    return found;
}

}  // namespace carbonedge
