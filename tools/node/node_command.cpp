#include "tools/node/node_command.h"

#include "lib/model/model.h"
#include "lib/runtime/grpc_log.h"
#include "lib/runtime/node_server.h"
#include "lib/runtime/stop_on_signal.h"
#include "lib/runtime/system_calls.h"
#include "lib/runtime/torch_stage.h"

#include <mutex>
#include <ostream>

namespace carbonedge {

ExitStatus node_command(const NodeToolOptions& options, std::ostream& out, std::ostream& err) {
    forbid_system_calls();
    const StopOnSignal stop;
    configure_allocator();
    configure_model_threads(options.threads);
    const std::unique_ptr<StageLoader> loader = make_torch_loader();

    std::mutex talking;
    NodeOptions node = node_options(options);
    node.warn = [&](const std::string& line) {
        if (options.quiet) return;
        const std::lock_guard lock(talking);
        err << "carbonedge-node: " << options.name << ": " << line << std::endl;
    };
    const GrpcLog grpc_log(node.warn);
    NodeServer server(node, *loader);
    out << "ready " << server.inference_address() << ' ' << server.tensors_address() << std::endl;
    server.wait(stop.token());
    return ExitStatus::kOk;
}

}  // namespace carbonedge
