#include "lib/base/tool_main.h"
#include "tools/run/verbs.h"

#include <iostream>

int main(int argc, char** argv) {
    using namespace carbonedge;
    return tool_main("carbonedge-run", std::cerr,
                     [&] { return run_or_verb(argc, argv, std::cin, std::cout, std::cerr); });
}
