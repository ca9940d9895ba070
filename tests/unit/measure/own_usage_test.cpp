#include "lib/measure/own_usage.h"
#include "tests/unit/measure/fake_cgroup_tree.h"

#include <doctest/doctest.h>
#include <memory>

namespace carbonedge {
namespace {

using namespace std::chrono_literals;

CgroupSite site_of(const std::shared_ptr<FakeCgroupTree>& tree, const std::string& own_groups) {
    CgroupSite site;
    site.tree = tree;
    site.mount = "/cg";
    site.own_groups = own_groups;
    return site;
}

TEST_CASE("version 1 in a container: the mounts' roots are ours whatever /proc says") {
    // As a process of a docker container sees it, and as one of the host would.
    for (const std::string group : {"", "/docker/abc"}) {
        const auto tree = std::make_shared<FakeCgroupTree>();
        for (const std::string controller : {"/cg/cpu", "/cg/memory"}) {
            tree->add_group(controller);
            if (!group.empty()) tree->add_group(controller + group);
        }
        tree->groups["/cg/cpu" + group].files = {{"cpu.stat", "nr_periods 7\nnr_throttled 3\nthrottled_time 1234567\n"},
                                                 {"cpu.cfs_quota_us", "40000\n"},
                                                 {"cpu.cfs_period_us", "100000\n"}};
        tree->groups["/cg/memory" + group].files = {{"memory.max_usage_in_bytes", "99000000\n"},
                                                    {"memory.limit_in_bytes", "536870912\n"}};
        const OwnUsage usage = read_own_usage(site_of(tree, "4:memory:/docker/abc\n2:cpu:/docker/abc\n0::/\n"));
        CHECK(usage.mechanism == "cgroup-v1");
        CHECK(usage.throttled == 1234567ns);
        CHECK(usage.peak_memory == Bytes(99'000'000));
        CHECK(usage.limit_cpus == doctest::Approx(0.4));
        CHECK(usage.limit_memory == Bytes(536'870'912));
    }
}

TEST_CASE("version 1 without limits") {
    const auto tree = std::make_shared<FakeCgroupTree>();
    tree->add_group("/cg/cpu");
    tree->add_group("/cg/memory");
    tree->groups["/cg/cpu"].files = {{"cpu.cfs_quota_us", "-1\n"}, {"cpu.cfs_period_us", "100000\n"}};
    tree->groups["/cg/memory"].files = {{"memory.limit_in_bytes", "9223372036854771712\n"}};
    const OwnUsage usage = read_own_usage(site_of(tree, "4:memory:/\n2:cpu:/\n"));
    CHECK(usage.limit_cpus == 0);
    CHECK(usage.limit_memory == Bytes(0));
    CHECK(usage.peak_memory > Bytes(0));  // of the process itself
}

TEST_CASE("version 2 with and without limits") {
    struct Row {
        std::string cpu_max;
        std::string memory_max;
        double cpus;
        Bytes memory;
    };
    for (const Row& row :
         {Row{"60000 100000\n", "1073741824\n", 0.6, Bytes(1 << 30)}, Row{"max 100000\n", "max\n", 0, Bytes(0)}}) {
        const auto tree = std::make_shared<FakeCgroupTree>();
        tree->version_2 = true;
        tree->add_group("/cg");
        tree->groups["/cg"].files["cgroup.controllers"] = "cpu memory";
        tree->groups["/cg"].files["cpu.stat"] = "usage_usec 100\nnr_periods 2\nthrottled_usec 77\n";
        tree->groups["/cg"].files["cpu.max"] = row.cpu_max;
        tree->groups["/cg"].files["memory.max"] = row.memory_max;
        tree->groups["/cg"].files["memory.peak"] = "4096\n";
        const OwnUsage usage = read_own_usage(site_of(tree, "0::/\n"));
        CHECK(usage.mechanism == "cgroup-v2");
        CHECK(usage.throttled == 77us);
        CHECK(usage.peak_memory == Bytes(4096));
        CHECK(usage.limit_cpus == doctest::Approx(row.cpus));
        CHECK(usage.limit_memory == row.memory);
    }
}

TEST_CASE("no control groups at all") {
    const OwnUsage usage = read_own_usage(site_of(std::make_shared<FakeCgroupTree>(), ""));
    CHECK(usage.mechanism.empty());
    CHECK(usage.throttled == 0ns);
    CHECK(usage.peak_memory > Bytes(0));
}

}  // namespace
}  // namespace carbonedge
