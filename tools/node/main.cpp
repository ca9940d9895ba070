#include "lib/base/tool_main.h"
#include "tools/node/node_command.h"
#include "tools/node/options.h"

#include <iostream>
#include <string_view>

namespace carbonedge {
extern const std::string_view help_page;
}

int main(int argc, char** argv) {
    return carbonedge::tool_main("carbonedge-node", std::cerr, [&] {
        const auto options = carbonedge::parse_node_options(argc, argv, carbonedge::help_page, std::cout, std::cerr);
        return options ? carbonedge::node_command(*options, std::cout, std::cerr) : carbonedge::ExitStatus::kOk;
    });
}
