#include "lib/base/tool_main.h"
#include "tools/report/verbs.h"

#include <iostream>

int main(int argc, char** argv) {
    using namespace carbonedge;
    return tool_main("carbonedge-report", std::cerr,
                     [&] { return report_or_verb(argc, argv, std::cin, std::cout, std::cerr); });
}
