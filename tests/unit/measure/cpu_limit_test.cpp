#include "lib/measure/cpu_limit.h"
#include "lib/base/errors.h"
#include "lib/measure/cgroup_parent.h"
#include "tests/unit/measure/fake_cgroup_tree.h"

#include <doctest/doctest.h>
#include <chrono>
#include <memory>

namespace carbonedge {
namespace {

using namespace std::chrono_literals;

constexpr int kOwnPid = 42;

struct Machine {
    std::shared_ptr<FakeCgroupTree> tree = std::make_shared<FakeCgroupTree>();
    CgroupSite site;

    Machine() {
        site.tree = tree;
        site.mount = "/cg";
        site.own_pid = kOwnPid;
    }

    /// The directories that groups of ours made: (path, ...) beyond what was there.
    [[nodiscard]] std::vector<std::string> ours() const {
        std::vector<std::string> names;
        for (const auto& [name, group] : tree->groups) {
            if (name.find("carbonedge-") != std::string::npos) names.push_back(name);
        }
        return names;
    }
};

Machine version_1() {
    Machine machine;
    for (const char* path : {"/cg/cpu", "/cg/cpuacct", "/cg/memory", "/cg/memory/mine"}) machine.tree->add_group(path);
    machine.site.own_groups = "4:memory:/mine\n3:cpuacct:/\n2:cpu:/\n0::/\n";
    return machine;
}

Machine version_2(const std::string& own) {
    Machine machine;
    machine.tree->version_2 = true;
    machine.tree->add_group("/cg");
    machine.site.own_groups = "0::" + own + "\n";
    return machine;
}

const ResourceLimit kLimit{.cpus = 0.4, .quota_period = 100ms, .memory = Bytes(536'870'912)};

}  // namespace

TEST_CASE("version 1: quota, memory and counters in one group a controller, nested in our own") {
    Machine machine = version_1();
    {
        LimitGroup group = LimitGroup::create("node", kLimit, machine.site);
        REQUIRE(group.enforced());
        CHECK(group.mechanism() == "cgroup-v1");
        REQUIRE(machine.ours().size() == 3);
        std::string memory;
        for (const std::string& path : machine.ours()) {
            if (path.starts_with("/cg/memory/")) memory = path;
            if (path.starts_with("/cg/cpu/")) {
                CHECK(machine.tree->read(path + "/cpu.cfs_period_us") == "100000");
                CHECK(machine.tree->read(path + "/cpu.cfs_quota_us") == "40000");
            }
        }
        REQUIRE(memory.starts_with("/cg/memory/mine/carbonedge-node-42-"));
        CHECK(machine.tree->read(memory + "/memory.limit_in_bytes") == "536870912");
        CHECK(machine.tree->read(memory + "/memory.memsw.limit_in_bytes") == "536870912");
        group.add_process(77);
        CHECK(group.processes() == std::vector<int>{77});
        CHECK(group.cpu_time() == 7000ns);
        CHECK(group.throttled_time() == 5000ns);
        CHECK(group.throttled_periods() == 2);
        CHECK(group.peak_memory() == Bytes(4096));
        CHECK(group.out_of_memory_kills() == 3);
    }
    CHECK(machine.ours().empty());
    CHECK(machine.tree->killed == std::vector<int>{77});
}

TEST_CASE("version 1: cpu and cpuacct mounted together are one directory") {
    Machine machine;
    machine.tree->add_group("/cg/cpu");
    machine.tree->groups["/cg/cpu"].files["cpuacct.usage"] = "1";
    machine.tree->add_group("/cg/cpuacct");
    machine.tree->add_group("/cg/memory");
    machine.site.own_groups = "4:memory:/elsewhere\n2:cpu,cpuacct:/\n";
    const LimitGroup group = LimitGroup::create("node", kLimit, machine.site);
    CHECK(group.enforced());
    CHECK(machine.ours().size() == 2);  // a path of the host that is not here falls back to the mount
}

TEST_CASE("version 2: own group where it hands down, otherwise the nearest ancestor that does") {
    struct Case {
        const char* what;
        std::string own;
        bool busy;
        std::string expected_parent;
    };
    for (const Case& test : {Case{"root", "/", true, "/cg"}, Case{"empty group of ours", "/a", false, "/cg/a"},
                             Case{"group with processes", "/a", true, "/cg"},
                             Case{"path of the host that is not here", "/docker/xyz", true, "/cg"}}) {
        CAPTURE(test.what);
        Machine machine = version_2(test.own);
        machine.tree->groups["/cg"].files["cgroup.subtree_control"] = "cpu memory";
        machine.tree->add_group("/cg/a");
        if (test.busy) machine.tree->groups["/cg/a"].processes = {kOwnPid};
        const LimitGroup group = LimitGroup::create("node", kLimit, machine.site);
        REQUIRE(group.enforced());
        CHECK(group.mechanism() == "cgroup-v2");
        REQUIRE(machine.ours().size() == 1);
        const std::string path = machine.ours().front();
        CHECK(path.substr(0, path.rfind('/')) == test.expected_parent);
        CHECK(machine.tree->read(path + "/cpu.max") == "40000 100000");
        CHECK(machine.tree->read(path + "/memory.max") == "536870912");
        CHECK(machine.tree->read(path + "/memory.swap.max") == "0");
        CHECK(group.cpu_time() == 7us);
        CHECK(group.throttled_time() == 5us);
        CHECK(group.throttled_periods() == 2);
        CHECK(group.peak_memory() == Bytes(4096));
        CHECK(group.out_of_memory_kills() == 3);
    }
}

TEST_CASE("not enforced: the reason and what helps, and nothing is left behind") {
    SUBCASE("no control groups") {
        Machine machine;
        const LimitGroup group = LimitGroup::create("node", kLimit, machine.site);
        CHECK_FALSE(group.enforced());
        CHECK(group.mechanism() == "no control groups under /cg; mount them, or use a container engine");
        CHECK(group.cpu_time() == 0ns);
        CHECK(group.peak_memory() == Bytes(0));
        group.add_process(77);
        CHECK(group.processes().empty());
    }
    SUBCASE("directory refused") {
        Machine machine = version_1();
        machine.tree->refused.insert("/cg/memory/mine");
        const LimitGroup group = LimitGroup::create("node", kLimit, machine.site);
        CHECK_FALSE(group.enforced());
        CHECK(group.mechanism().find("Permission denied; run it as root") != std::string::npos);
        CHECK(machine.ours().empty());
    }
    SUBCASE("a controller is missing") {
        Machine machine = version_1();
        machine.tree->groups.erase("/cg/memory/mine");
        machine.tree->groups.erase("/cg/memory");
        const LimitGroup group = LimitGroup::create("node", kLimit, machine.site);
        CHECK_FALSE(group.enforced());
        CHECK(group.mechanism() == "the memory controller is not mounted; mount it under /cg");
        CHECK(machine.ours().empty());
        CHECK(LimitGroup::create("node", {.cpus = 0.5}, machine.site).enforced());
    }
    SUBCASE("version 2 in a container: the only group has processes") {
        Machine machine = version_2("/");
        machine.tree->groups["/cg"].files["cgroup.controllers"] = "pids";
        const LimitGroup group = LimitGroup::create("node", kLimit, machine.site);
        CHECK_FALSE(group.enforced());
        CHECK(group.mechanism().find("does not hand down cpu and memory") != std::string::npos);
    }
}

TEST_CASE("removal kills what is inside, but moves its own process out") {
    Machine machine = version_1();
    {
        const LimitGroup group = LimitGroup::create("node", kLimit, machine.site);
        group.add_process(kOwnPid);
        group.add_process(77);
    }
    CHECK(machine.ours().empty());
    CHECK(machine.tree->killed == std::vector<int>{77});
    CHECK(machine.tree->groups["/cg/cpu"].processes.contains(kOwnPid));
}

TEST_CASE("groups are unique, and empty ones of dead owners are swept") {
    Machine machine = version_1();
    machine.tree->living = {50};
    for (const char* path : {"/cg/cpu/carbonedge-node-49-0", "/cg/cpu/carbonedge-node-50-0", "/cg/cpu/other-49-0"}) {
        machine.tree->add_group(path);
    }
    machine.tree->add_group("/cg/cpu/carbonedge-busy-48-0");
    machine.tree->groups["/cg/cpu/carbonedge-busy-48-0"].processes = {99};
    const LimitGroup first = LimitGroup::create("node", kLimit, machine.site);
    const LimitGroup second = LimitGroup::create("node", kLimit, machine.site);
    CHECK(first.enforced());
    CHECK(second.enforced());
    CHECK_FALSE(machine.tree->groups.contains("/cg/cpu/carbonedge-node-49-0"));
    CHECK(machine.tree->groups.contains("/cg/cpu/carbonedge-node-50-0"));
    CHECK(machine.tree->groups.contains("/cg/cpu/carbonedge-busy-48-0"));
    CHECK(machine.tree->groups.contains("/cg/cpu/other-49-0"));
    CHECK(machine.tree->killed.empty());
}

TEST_CASE("limits that no kernel takes are usage errors") {
    Machine machine = version_1();
    for (const ResourceLimit& limit :
         {ResourceLimit{.cpus = -1}, ResourceLimit{.cpus = 0.5, .quota_period = 100us},
          ResourceLimit{.cpus = 0.5, .quota_period = 2s}, ResourceLimit{.cpus = 0.004, .quota_period = 100ms}}) {
        CAPTURE(limit.cpus);
        CHECK_THROWS_AS(LimitGroup::create("node", limit, machine.site), UsageError);
    }
    CHECK(machine.ours().empty());
}

TEST_CASE("the own group is found in both forms of /proc/self/cgroup") {
    const std::string text = "12:cpu,cpuacct:/docker/a\n3:name=systemd:/s\n0::/user.slice\nnonsense\n";
    CHECK(own_group_path(text, "cpu") == "/docker/a");
    CHECK(own_group_path(text, "cpuacct") == "/docker/a");
    CHECK(own_group_path(text, "") == "/user.slice");
    CHECK(own_group_path(text, "memory").empty());
}

}  // namespace carbonedge
