#include "lib/base/tool_main.h"
#include "tools/carbonedge/dispatch.h"

#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {
extern const std::string_view help_page;
}

int main(int argc, char** argv) {
    return carbonedge::tool_main("carbonedge", std::cerr, [&] {
        return carbonedge::dispatch(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc),
                                    carbonedge::help_page, std::cout);
    });
}
