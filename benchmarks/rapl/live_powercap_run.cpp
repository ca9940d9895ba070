// Becomes a command, beside a live powercap tree of a package that uses IDLE watts at rest and BUSY watts more for
// every CPU second of that command: every {sys} in its words is replaced by what takes the place of /sys.
//
//   live_powercap_run IDLE BUSY COMMAND [WORD...]

#include "benchmarks/rapl/live_powercap.h"

#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

int main(int argc, char** argv) {
    using namespace carbonedge::rapl;
    if (argc < 4) {
        std::fputs("usage: live_powercap_run IDLE BUSY COMMAND [WORD...]\n", stderr);
        return 2;
    }
    const double idle = std::strtod(argv[1], nullptr);
    const LivePowercap live({idle, idle, 1, 0}, LivePowercap::FollowMe{std::strtod(argv[2], nullptr)});
    std::vector<std::string> words(argv + 3, argv + argc);
    std::vector<char*> pointers;
    for (std::string& word : words) {
        if (const std::size_t place = word.find("{sys}"); place != std::string::npos)
            word.replace(place, 5, live.sys_root());
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    ::execvp(pointers[0], pointers.data());
    std::perror(pointers[0]);
    return 4;
}
