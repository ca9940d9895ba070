#define DOCTEST_CONFIG_IMPLEMENT
#include "tests/support/skip.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <iostream>
#include <string_view>

namespace carbonedge {
namespace {

// ctest marks a test that ends with this status as skipped (SKIP_RETURN_CODE in tests/CMakeLists.txt).
constexpr int kSkippedStatus = 77;
int skipped_tests = 0;

}  // namespace

void skip_test(std::string_view reason) {
    ++skipped_tests;
    std::cout << "skipped: " << reason << "\n";
}

}  // namespace carbonedge

int main(int argc, char** argv) {
    bool report_skips = false;  // only ctest asks, which runs one test case a process
    for (int i = 1; i < argc; ++i) report_skips = report_skips || std::string_view(argv[i]) == "--report-skips";
    doctest::Context context(argc, argv);
    const int status = context.run();
    if (status == 0 && report_skips && carbonedge::skipped_tests > 0) return carbonedge::kSkippedStatus;
    return status;
}
