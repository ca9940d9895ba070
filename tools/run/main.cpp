#include "lib/base/tool_main.h"
#include "tools/run/calibrate_command.h"
#include "tools/run/options.h"
#include "tools/run/run_command.h"

#include <iostream>
#include <string_view>

namespace carbonedge {
extern const std::string_view help_page;
}

int main(int argc, char** argv) {
    return carbonedge::tool_main("carbonedge-run", std::cerr, [&] {
        const auto options = carbonedge::parse_run_options(argc, argv, carbonedge::help_page, std::cout, std::cerr);
        if (!options) return carbonedge::ExitStatus::kOk;
        return options->calibrate ? carbonedge::calibrate_command(*options, std::cin, std::cout, std::cerr)
                                  : carbonedge::run_command(*options, std::cin, std::cout, std::cerr);
    });
}
