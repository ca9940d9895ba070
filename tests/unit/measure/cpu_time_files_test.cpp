#include "lib/measure/cpu_time_files.h"
#include "lib/measure/attribution.h"
#include "lib/measure/clocks.h"

#include <unistd.h>

#include <doctest/doctest.h>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace carbonedge {
namespace {

std::optional<std::string> real_file(const std::string& path) {
    std::ifstream file(path);
    if (!file) return std::nullopt;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("CPU time of a process whose name holds blanks and parentheses") {
    const std::string rest = " S 1 2 3 4 5 6 7 8 9 10 150 50 9 9 20 0 1 0 5 6 7\n";
    for (const char* name : {"(node)", "(a b)", "(x) S 1 2)", "(((", "()"}) {
        CAPTURE(name);
        const auto used = process_stat_cpu_time(std::string("42 ") + name + ")" + rest, 100);
        REQUIRE(used);
        CHECK(used->count() == doctest::Approx(2.0));
    }
    for (const char* wrong :
         {"", "42 (a", "42 (a) S 1", "42 (a) S 1 2 3 4 5 6 7 8 9 10 x 50", "42 (a) S 1 2 3 4 5 6 7 8 9 10 -1 50"})
        CHECK_FALSE(process_stat_cpu_time(wrong, 100));
}

TEST_CASE("CPU time of the machine leaves out idle, iowait, steal and guests") {
    const auto used = host_stat_cpu_time("cpu  100 20 30 9999 888 4 6 777 55 66\ncpu0 1 2 3\n", 100);
    REQUIRE(used);
    CHECK(used->count() == doctest::Approx(1.6));
    for (const char* wrong : {"", "cpu0 1 2 3 4 5 6 7", "cpu  1 2 3", "cpu  a b c d e f g"})
        CHECK_FALSE(host_stat_cpu_time(wrong, 100));
}

TEST_CASE("CPU time of control groups of both versions") {
    CHECK(group_cpu_time("usage_usec 2500000\nuser_usec 1\nsystem_usec 2\n")->count() == doctest::Approx(2.5));
    CHECK(group_cpu_time("nr_periods 0\nusage_usec 10\n")->count() == doctest::Approx(1e-5));
    CHECK(group_cpu_time("1500000000\n")->count() == doctest::Approx(1.5));
    for (const char* wrong : {"", "usage_usec x\n", "nr_periods 0\n", "-5\n"}) CHECK_FALSE(group_cpu_time(wrong));
}

TEST_CASE("consumers are found in a made-up tree, and what is not there is said") {
    const std::map<std::string, std::string> files{{"/p/7/stat", "7 (a) S 1 2 3 4 5 6 7 8 9 10 150 50 0"},
                                                   {"/p/8/stat", "8 (a) Z"},
                                                   {"/p/stat", "cpu  300 0 100 9 9 0 0\n"},
                                                   {"/g2/cpu.stat", "usage_usec 500000\n"},
                                                   {"/g1/cpuacct.usage", "250000000\n"},
                                                   {"/root/cpu.stat", "nr_periods 0\n"}};
    const FileText read = [&](const std::string& path) {
        const auto found = files.find(path);
        return found == files.end() ? std::nullopt : std::optional(found->second);
    };
    const auto used = [&](const std::string& name) { return cpu_time_of({name}, "/p", 100, read); };
    CHECK(used("7").used->count() == doctest::Approx(2));
    CHECK(used("/g2").used->count() == doctest::Approx(0.5));
    CHECK(used("/g1").used->count() == doctest::Approx(0.25));
    CHECK(used("9").problem == "process 9 is not there");
    CHECK(used("8").problem == "/p/8/stat has no CPU time");
    CHECK(used("/root").problem.starts_with("/root has neither cpu.stat"));
    CHECK(cpu_time_of_host("/p", 100, read).used->count() == doctest::Approx(4));
}

TEST_CASE("a real process that works is told from the rest of a real machine") {
    const long ticks = ::sysconf(_SC_CLK_TCK);
    const CpuConsumer self{std::to_string(::getpid())};
    const CpuTimeAnswer before = cpu_time_of(self, "/proc", ticks, real_file);
    const CpuTimeAnswer host_before = cpu_time_of_host("/proc", ticks, real_file);
    REQUIRE(before.used);
    REQUIRE(host_before.used);
    const Nanoseconds start = process_cpu_time();
    volatile double sink = 0;
    while (process_cpu_time() - start < std::chrono::milliseconds(300)) sink = sink + 1;
    const Seconds own = *cpu_time_of(self, "/proc", ticks, real_file).used - *before.used;
    const Seconds host = *cpu_time_of_host("/proc", ticks, real_file).used - *host_before.used;
    CHECK(own.count() == doctest::Approx(0.3).epsilon(0.15));  // ticks are 10 ms
    CHECK(host.count() >= own.count() - 0.05);
    const CpuShare share{"self", own};
    const Attribution split = attribute_by_cpu_time(Joules(10), {&share, 1}, std::max(host, own));
    CHECK((split.parts[0].joules + split.unattributed).value() == doctest::Approx(10));
}

}  // namespace carbonedge
