#include "lib/base/tool_main.h"
#include "tools/plan/evaluate_command.h"
#include "tools/plan/plan_command.h"
#include "tools/plan/verify_command.h"

#include <iostream>

namespace carbonedge {
extern const std::string_view help_page;
}
int main(int argc, char** argv) {
    using namespace carbonedge;
    return tool_main("carbonedge-plan", std::cerr, [&] {
        PlanOptions options;
        if (!parse_plan_options(argc, argv, help_page, std::cout, std::cerr, options)) return ExitStatus::kOk;
        if (options.verb == PlanOptions::Verb::kVerify) return verify_command(options, std::cin, std::cout);
        if (options.verb == PlanOptions::Verb::kEvaluate) return evaluate_command(options, std::cin, std::cout);
        return plan_command(options, std::cin, std::cout, std::cerr);
    });
}
