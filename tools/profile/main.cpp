#include "lib/base/tool_main.h"
#include "tools/profile/profile_command.h"

#include <iostream>
#include <string_view>

namespace carbonedge {
extern const std::string_view help_page;
}

int main(int argc, char** argv) {
    using namespace carbonedge;
    return tool_main("carbonedge-profile", std::cerr, [&] {
        ProfileOptions options;
        if (!parse_profile_options(argc, argv, help_page, std::cout, std::cerr, options)) return ExitStatus::kOk;
        return profile_command(options, {argv, argv + argc}, std::cout, std::cerr);
    });
}
