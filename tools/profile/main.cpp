#include "lib/base/tool_main.h"
#include "tools/profile/verbs.h"

#include <iostream>

int main(int argc, char** argv) {
    using namespace carbonedge;
    return tool_main("carbonedge-profile", std::cerr,
                     [&] { return profile_or_verb(argc, argv, std::cin, std::cout, std::cerr); });
}
