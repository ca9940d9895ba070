#pragma once

#include "lib/runtime/node_engine.h"
#include "lib/runtime/process_host.h"

namespace carbonedge {

/// Nodes as processes of this machine, each under its own limits.
class ProcessEngine final : public NodeEngine {
public:
    /// Throws what NodeEngine throws.
    ProcessEngine(const Plan& plan, const WriteStage& write_stage, const EngineOptions& options,
                  const std::stop_token& stop)
        : ProcessEngine(plan, write_stage, options, stop, std::make_unique<ProcessHost>(options)) {}

    [[nodiscard]] int process(const std::string& node) const { return host_.process(node); }
    /// Its private directory: sockets, and what nodes keep in files.
    [[nodiscard]] const std::string& directory() const { return host_.directory(); }

private:
    ProcessEngine(const Plan& plan, const WriteStage& write_stage, const EngineOptions& options,
                  const std::stop_token& stop, std::unique_ptr<ProcessHost> host)
        : ProcessEngine(plan, write_stage, options, stop, *host, std::move(host)) {}
    ProcessEngine(const Plan& plan, const WriteStage& write_stage, const EngineOptions& options,
                  const std::stop_token& stop, const ProcessHost& host, std::unique_ptr<ProcessHost>&& owned)
        : NodeEngine(plan, write_stage, options, std::move(owned), stop), host_(host) {}

    const ProcessHost& host_;
};

}  // namespace carbonedge
