#include "lib/base/tool_main.h"
#include "tools/probe/options.h"
#include "tools/probe/probe_command.h"

#include <iostream>
#include <string_view>

namespace carbonedge {
extern const std::string_view help_page;
}

int main(int argc, char** argv) {
    return carbonedge::tool_main("carbonedge-probe", std::cerr, [&] {
        const auto options = carbonedge::parse_probe_options(argc, argv, carbonedge::help_page, std::cout, std::cerr);
        return options ? carbonedge::probe_command(*options, std::cout, std::cerr) : carbonedge::ExitStatus::kOk;
    });
}
