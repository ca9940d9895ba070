#include "lib/measure/sensors/counter_meter.h"
#include "lib/measure/sensors/powercap_bank.h"
#include "lib/measure/sensors/powercap_tree.h"
#include "tests/unit/measure/sensors/system_tree.h"

#include <doctest/doctest.h>
#include <algorithm>

namespace carbonedge {
namespace {

const PowercapZone* find_zone(const PowercapTree& tree, const std::string& id) {
    const auto found =
        std::find_if(tree.zones.begin(), tree.zones.end(), [&](const PowercapZone& zone) { return zone.id == id; });
    return found == tree.zones.end() ? nullptr : &*found;
}

std::vector<std::string> summed(const CounterBank& bank) {
    std::vector<std::string> names;
    for (const CounterDomain& domain : bank.domains()) {
        if (domain.role == CounterRole::kSummed) names.push_back(domain.name);
    }
    return names;
}

TEST_CASE("powercap: names of zones") {
    struct Row {
        const char* name;
        ZoneKind kind;
    };
    const Row rows[] = {
        {"package-0", ZoneKind::kPackage},
        {"package-12", ZoneKind::kPackage},
        {"package-0-die-0", ZoneKind::kPackage},
        {"package-1-die-3", ZoneKind::kPackage},
        {"dram", ZoneKind::kDram},
        {"core", ZoneKind::kCore},
        {"uncore", ZoneKind::kUncore},
        {"psys", ZoneKind::kPlatform},
        {"package-", ZoneKind::kUnknown},
        {"package-0-die-", ZoneKind::kUnknown},
        {"package-x", ZoneKind::kUnknown},
        {"", ZoneKind::kUnknown},
        {"npu", ZoneKind::kUnknown},
        {"package-0-die-0x", ZoneKind::kUnknown},
    };
    for (const Row& row : rows) {
        INFO(row.name);
        CHECK(zone_kind(row.name) == row.kind);
    }
}

TEST_CASE("powercap: two sockets with dram, psys and the mapped duplicate") {
    SystemTree system;
    system.zone("intel-rapl:0", "package-0", 1000)
        .zone("intel-rapl:0:0", "core", 400)
        .zone("intel-rapl:0:1", "dram", 100)
        .zone("intel-rapl:1", "package-1", 2000)
        .zone("intel-rapl:1:0", "core", 800)
        .zone("intel-rapl:1:1", "dram", 200)
        .zone("intel-rapl:2", "psys", 9000)
        .zone("intel-rapl-mmio:0", "package-0", 1001)
        .folder("/sys/class/powercap/intel-rapl")
        .folder("/sys/class/powercap/dtpm");
    auto files = system_file_access(system.roots());
    const PowercapTree tree = read_powercap_tree(*files);
    CHECK(tree.presence == PowercapPresence::kPresent);
    REQUIRE(tree.zones.size() == 8);
    CHECK(find_zone(tree, "intel-rapl-mmio:0")->duplicate_of == "intel-rapl:0");
    CHECK(find_zone(tree, "intel-rapl:1:1")->key() == "package-1/dram");
    const auto bank = make_powercap_bank(files, tree);
    CHECK(bank->domains().size() == 7);
    CHECK(summed(*bank) == std::vector<std::string>{"package-0", "package-1", "package-0/dram", "package-1/dram"});

    SUBCASE("the mapped zone stands in where the register may not be read") {
        auto injecting = std::make_shared<InjectingFiles>(files);
        injecting->open_errors["/sys/class/powercap/intel-rapl:0/energy_uj"] = EACCES;
        const PowercapTree denied = read_powercap_tree(*injecting);
        CHECK(find_zone(denied, "intel-rapl:0")->duplicate_of == "intel-rapl-mmio:0");
        CHECK(find_zone(denied, "intel-rapl-mmio:0")->duplicate_of.empty());
    }
}

TEST_CASE("powercap: parts that stand only inside their package, as links of a real tree do") {
    SystemTree system;
    const std::string place = "/sys/devices/virtual/powercap/intel-rapl/intel-rapl:0";
    for (const auto& [folder, name] :
         {std::pair{place, "package-0-die-0"}, std::pair{place + "/intel-rapl:0:0", "dram"}}) {
        system.put(folder + "/name", name)
            .put(folder + "/energy_uj", "5")
            .put(folder + "/max_energy_range_uj", "65712999613");
    }
    system.link("/sys/class/powercap/intel-rapl:0", "../../devices/virtual/powercap/intel-rapl/intel-rapl:0");
    auto files = system_file_access(system.roots());
    const PowercapTree tree = read_powercap_tree(*files);
    REQUIRE(tree.zones.size() == 2);
    CHECK(tree.zones[1].key() == "package-0-die-0/dram");
    CHECK(tree.zones[1].energy_range == 65712999613u);
}

TEST_CASE("powercap: psys alone is the total, of the platform") {
    SystemTree system;
    system.zone("intel-rapl:0", "psys", 9000);
    auto files = system_file_access(system.roots());
    const auto meter = make_counter_meter(make_powercap_bank(files, read_powercap_tree(*files)));
    CHECK(meter->boundary() == "platform");
}

TEST_CASE("powercap: absent, masked and denied trees are told apart, each with its remedy") {
    SystemTree system;
    auto files = system_file_access(system.roots());
    CHECK(read_powercap_tree(*files).presence == PowercapPresence::kAbsent);

    system.folder("/sys/class/powercap/intel-rapl");
    CHECK(read_powercap_tree(*files).presence == PowercapPresence::kAbsent);

    system.link("/sys/class/powercap/intel-rapl:0", "../../devices/virtual/powercap/intel-rapl/intel-rapl:0");
    const PowercapTree masked = read_powercap_tree(*files);
    CHECK(masked.presence == PowercapPresence::kMasked);
    CHECK(masked.detail == "/sys/class/powercap/intel-rapl:0 leads nowhere");
    CHECK(powercap_remedy(masked.presence).find("--sysfs-root /host/sys") != std::string::npos);

    SystemTree hidden;
    hidden.folder("/sys/class").link("/sys/class/powercap", "../nowhere");
    auto hidden_files = system_file_access(hidden.roots());
    CHECK(read_powercap_tree(*hidden_files).presence == PowercapPresence::kMasked);

    auto injecting = std::make_shared<InjectingFiles>(files);
    injecting->open_errors["/sys/class/powercap"] = EACCES;
    CHECK(read_powercap_tree(*injecting).presence == PowercapPresence::kDenied);
}

TEST_CASE("powercap: permission missing, and errors midway, are reasons with a remedy") {
    SystemTree system;
    system.zone("intel-rapl:0", "package-0", 1000).zone("intel-rapl:0:0", "dram", 100);
    auto injecting = std::make_shared<InjectingFiles>(system_file_access(system.roots()));
    const std::string counter = "/sys/class/powercap/intel-rapl:0/energy_uj";
    struct Row {
        int error;
        const char* says;
    };
    for (const Row& row : {Row{EACCES, "permission denied"}, Row{ENODEV, "no such device"},
                           Row{EIO, "input/output error"}, Row{ENOENT, "no such file"}}) {
        INFO(row.says);
        injecting->open_errors = {{counter, row.error}};
        injecting->read_errors.clear();
        const PowercapTree tree = read_powercap_tree(*injecting);
        REQUIRE(find_zone(tree, "intel-rapl:0")->failure.has_value());
        CHECK(find_zone(tree, "intel-rapl:0")->failure->code == row.error);
        const auto denied = make_counter_meter(make_powercap_bank(injecting, tree));
        denied->start();
        const EnergyResult result = denied->stop();
        REQUIRE(std::get_if<EnergyUnavailable>(&result) != nullptr);
        CHECK(std::get<EnergyUnavailable>(result).reason.find(row.says) != std::string::npos);

        injecting->open_errors.clear();
        const auto meter = make_counter_meter(make_powercap_bank(injecting, read_powercap_tree(*injecting)));
        meter->start();
        injecting->read_errors = {{counter, row.error}};
        const EnergyResult midway = meter->stop();
        REQUIRE(std::get_if<EnergyUnavailable>(&midway) != nullptr);
        CHECK(std::get<EnergyUnavailable>(midway).reason.find(row.says) != std::string::npos);
    }
    CHECK(powercap_remedy(FileFailure{EACCES, counter}).find("CVE-2020-8694") != std::string::npos);
}

TEST_CASE("powercap: files that hold no number") {
    for (const char* text : {"", "x", "12x", "-5", "99999999999999999999999"}) {
        INFO(text);
        SystemTree system;
        system.zone("intel-rapl:0", "package-0", 0).put("/sys/class/powercap/intel-rapl:0/energy_uj", text);
        auto files = system_file_access(system.roots());
        const PowercapTree tree = read_powercap_tree(*files);
        REQUIRE(tree.zones.size() == 1);
        REQUIRE(tree.zones[0].failure.has_value());
        CHECK(tree.zones[0].failure->code == EBADMSG);
    }
}

TEST_CASE("powercap: the rating comes from constraint 0, a zero there states none") {
    SystemTree system;
    system.zone("intel-rapl:0", "package-0", 1000)
        .put("/sys/class/powercap/intel-rapl:0/constraint_0_max_power_uw", "0")
        .put("/sys/class/powercap/intel-rapl:0/constraint_0_power_limit_uw", "65000000");
    auto files = system_file_access(system.roots());
    CHECK(read_powercap_tree(*files).zones[0].limit.value() == doctest::Approx(65.0));
}

}  // namespace
}  // namespace carbonedge
