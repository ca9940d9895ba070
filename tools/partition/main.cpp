#include "lib/base/tool_main.h"
#include "tools/partition/partition_command.h"

#include <iostream>

namespace carbonedge {
extern const std::string_view help_page;
}

int main(int argc, char** argv) {
    using namespace carbonedge;
    return tool_main("carbonedge-partition", std::cerr, [&] {
        PartitionOptions options;
        if (!parse_partition_options(argc, argv, help_page, std::cout, std::cerr, options)) return ExitStatus::kOk;
        return partition_command(options, std::cin, std::cout, std::cerr);
    });
}
