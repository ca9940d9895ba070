#include "lib/base/tool_main.h"
#include "tools/stage/stage_command.h"

#include <iostream>
#include <string_view>

namespace carbonedge {
extern const std::string_view help_page;
}

int main(int argc, char** argv) {
    using namespace carbonedge;
    return tool_main("carbonedge-stage", std::cerr, [&] {
        StageOptions options;
        if (!parse_stage_options(argc, argv, help_page, std::cout, std::cerr, options)) return ExitStatus::kOk;
        return stage_command(options, std::cin, std::cerr);
    });
}
