#include "lib/base/tool_main.h"
#include "tools/report/options.h"
#include "tools/report/report_command.h"

#include <iostream>
#include <string_view>

namespace carbonedge {
extern const std::string_view help_page;
}

int main(int argc, char** argv) {
    using namespace carbonedge;
    return tool_main("carbonedge-report", std::cerr, [&] {
        const auto options = parse_report_options(argc, argv, help_page, std::cout, std::cerr);
        return options ? report(*options, std::cin, std::cout, std::cerr) : ExitStatus::kOk;
    });
}
