#include "lib/base/tool_main.h"
#include "lib/runtime/builtin_stage.h"
#include "lib/runtime/node_server.h"
#include "lib/runtime/stop_on_signal.h"
#include "lib/runtime/system_calls.h"
#include "tools/node/options.h"

#include <iostream>

int main(int argc, char** argv) {
    using namespace carbonedge;
    return tool_main("carbonedge-builtin-node", std::cerr, [&] {
        const auto options = parse_node_options(argc, argv, "", std::cout, std::cerr);
        if (!options) return ExitStatus::kOk;
        forbid_system_calls();
        const StopOnSignal stop;
        BuiltinLoader loader;
        NodeServer server(node_options(*options), loader);
        std::cout << "ready " << server.inference_address() << ' ' << server.tensors_address() << std::endl;
        server.wait(stop.token());
        return ExitStatus::kOk;
    });
}
