#include "lib/base/tool_main.h"
#include "tools/plan/verbs.h"

#include <iostream>

int main(int argc, char** argv) {
    using namespace carbonedge;
    return tool_main("carbonedge-plan", std::cerr,
                     [&] { return plan_or_verb(argc, argv, std::cin, std::cout, std::cerr); });
}
