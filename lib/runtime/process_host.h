#pragma once

#include "lib/measure/cpu_limit.h"
#include "lib/runtime/launch_thread.h"
#include "lib/runtime/node_host.h"
#include "lib/runtime/private_directory.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace carbonedge {

/// Nodes as processes of this machine, each in a control group of its own, reached over sockets in a private directory.
class ProcessHost final : public NodeHost {
public:
    /// Throws EnvironmentError.
    explicit ProcessHost(const EngineOptions& options);

    [[nodiscard]] std::string name() const override { return "process"; }
    [[nodiscard]] PeerSecurity security() const override;
    [[nodiscard]] std::string gateway_address() const override;
    std::vector<std::unique_ptr<StartedNode>> start(const std::vector<Node>& nodes, Bytes longest_message,
                                                    const std::stop_token& stop) override;
    [[nodiscard]] bool shares_clock() const override { return true; }
    [[nodiscard]] Nanoseconds end_is_told() const override { return Nanoseconds(0); }
    [[nodiscard]] std::string end_notice() const override { return "process end"; }
    [[nodiscard]] std::string remedy() const override { return "give it more memory, or look at its message"; }

    /// Of the node's last start. Throws UsageError where there was none.
    [[nodiscard]] int process(const std::string& node) const;
    /// Sockets, and what nodes keep in files.
    [[nodiscard]] const std::string& directory() const { return directory_.path(); }

private:
    /// What a node has for all its starts.
    struct Place {
        LimitGroup group;
        EnforcedLimit limit;
        int process = 0;
    };
    /// Where somebody listens who may have `file` for it.
    [[nodiscard]] std::string listen_address(const std::string& file) const;
    Place& place_of(const Node& node);
    std::unique_ptr<StartedNode> start_one(const Node& node, Bytes longest_message);

    EngineOptions options_;
    TensorPath path_;
    PrivateDirectory directory_;
    LaunchThread launcher_;
    std::int64_t starts_ = 0;
    mutable std::mutex mutex_;
    std::map<std::string, Place> places_;
};

}  // namespace carbonedge
