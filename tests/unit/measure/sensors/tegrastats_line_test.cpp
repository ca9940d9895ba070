#include "lib/measure/sensors/tegrastats_line.h"

#include "lib/measure/sensors/board_power.h"
#include "tests/unit/measure/sensors/tegrastats_lines.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

using namespace tegrastats_lines;

std::vector<std::string> names_of(const TegraLine& line) {
    std::vector<std::string> names;
    for (const TegraRail& rail : line.rails) names.push_back(rail.name);
    return names;
}

std::vector<RailPower> powers_of(const TegraLine& line) {
    std::vector<RailPower> powers;
    for (const TegraRail& rail : line.rails) powers.push_back({rail.name, Watts(double(rail.milliwatts) * 1e-3)});
    return powers;
}

TEST_CASE("tegrastats: the line of every generation, its rails, its total and the total's boundary") {
    struct Row {
        const char* line;
        const char* board;
        const char* boundary;
        std::vector<std::string> rails;
        double total_watts;
    };
    const char* const kInput = "module-input";
    const char* const kRails = "module-rails (not wall)";
    const char* const kFamily = "Jetson TX1, TX2, Xavier NX, Orin NX or Orin Nano";
    const Row rows[] = {
        {kTx1, kFamily, kInput, {"VDD_IN", "VDD_CPU", "VDD_GPU"}, 2.532},
        {kTx2,
         kFamily,
         kInput,
         {"VDD_SYS_GPU", "VDD_SYS_SOC", "VDD_4V0_WIFI", "VDD_IN", "VDD_SYS_CPU", "VDD_SYS_DDR"},
         3.056},
        {kTx2Old, kFamily, kInput, {"VDD_IN", "VDD_CPU", "VDD_GPU", "VDD_SOC", "VDD_WIFI", "VDD_DDR"}, 1.931},
        {kNano, "Jetson Nano", kInput, {"POM_5V_IN", "POM_5V_GPU", "POM_5V_CPU"}, 1.022},
        {kAgxXavier, "Jetson AGX Xavier", kRails, {"GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"}, 3.346},
        {kXavierNx, kFamily, kInput, {"VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC"}, 4.067},
        {kOrinNx, kFamily, kInput, {"VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC"}, 5.299},
        {kOrinNano, kFamily, kInput, {"VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC"}, 17.946},
        {kAgxOrin, "Jetson AGX Orin", kRails, {"VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0", "VDDQ_VDD2_1V8AO"}, 6.755},
        {kAgxOrinRoot, "Jetson AGX Orin", kRails, {"VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"}, 12.377},
        {kAgxOrinUser, "Jetson AGX Orin", kRails, {"VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"}, 10.370},
        {kAgxOrinJetpack7, "Jetson AGX Orin", kRails, {"VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"}, 13.907},
        {kThor, "Jetson Thor", kInput, {"VDD_GPU", "VDD_CPU_SOC_MSS", "VIN_SYS_5V0", "VIN"}, 87.426},
    };
    for (const Row& row : rows) {
        INFO(row.line);
        const TegraLine line = parse_tegrastats_line(row.line);
        CHECK(names_of(line) == row.rails);
        CHECK(line.unknown_tokens == 0);
        const auto found = board_rule(names_of(line));
        const auto* rule = std::get_if<BoardRule>(&found);
        REQUIRE(rule != nullptr);
        CHECK(rule->board == row.board);
        CHECK(rule->boundary == row.boundary);
        const auto total = board_total(*rule, powers_of(line));
        REQUIRE(total.has_value());
        CHECK(total->value() == doctest::Approx(row.total_watts).epsilon(1e-9));
    }
}

TEST_CASE("tegrastats: two and three values, dates, signs") {
    const TegraLine thor = parse_tegrastats_line(kThor);
    CHECK(thor.date == "07-02-2026 13:45:44");
    CHECK(thor.rails[3] == TegraRail{"VIN", 87426, 43713, 87426});
    const TegraLine orin = parse_tegrastats_line(kOrinNano);
    CHECK(orin.rails[0] == TegraRail{"VDD_IN", 17946, 15710, std::nullopt});
    CHECK(parse_tegrastats_line(kTx1).date.empty());
    const TegraLine idle =
        parse_tegrastats_line("GR3D_FREQ @[1000,1000,1000] NVENC0_FREQ @1556 VDD_GPU -392mW/-10mW/0mW");
    REQUIRE(idle.rails.size() == 1);
    CHECK(idle.rails[0].milliwatts == -392);
    CHECK(idle.unknown_tokens == 0);
}

TEST_CASE("tegrastats: what looks like a rail and is none") {
    struct Row {
        const char* line;
        std::size_t rails;
        int unknown;
    };
    const Row rows[] = {
        {"", 0, 0},
        {"RAM 1/2MB (lfb 1x4MB) SWAP 0/3MB (cached 0MB) IRAM 0/252kB(lfb 252kB)", 0, 0},
        {"MTS fg 0% bg 0% CV0@-256C CPU@52C/53C", 0, 0},
        {"NC 0mW/0mW NC 0mW/0mW", 0, 0},
        {"VDD_IN 5299mW", 0, 1},
        {"VDD_IN 1/2/3/4", 0, 1},
        {"VDD_IN 5299mW/", 0, 1},
        {"VDD_IN 5299uW/5299uW", 0, 1},
        {"VDD_IN 99999999999999999999/1", 0, 1},
        {"VDD_IN", 0, 1},
        {"GPU@39C GPU 0/0", 1, 0},
        {"NEWENGINE glow VDD_IN 1/1", 1, 2},
    };
    for (const Row& row : rows) {
        INFO(row.line);
        const TegraLine line = parse_tegrastats_line(row.line);
        CHECK(line.rails.size() == row.rails);
        CHECK(line.unknown_tokens == row.unknown);
    }
}

TEST_CASE("board power: no total is made up from some of the rails") {
    struct Row {
        std::vector<std::string> rails;
        const char* says;
    };
    const Row rows[] = {
        {{}, "no power rails"},
        {{"VDD_GPU_SOC", "VDD_CPU_CV"}, "Jetson AGX Orin lacks VIN_SYS_5V0"},
        {{"GPU", "CPU", "SOC", "CV", "VDDRQ"}, "Jetson AGX Xavier lacks SYS5V"},
        {{"VCORE"}, "rails VCORE belong to no known board"},
    };
    for (const Row& row : rows) {
        const auto found = board_rule(row.rails);
        REQUIRE(std::holds_alternative<std::string>(found));
        CHECK(std::get<std::string>(found).find(row.says) == 0);
    }
    const std::vector<std::string> thor = {"VDD_GPU", "VDD_CPU_SOC_MSS", "VIN_SYS_5V0"};
    const auto rule = board_rule(thor);
    CHECK(std::get<BoardRule>(rule).boundary == "module-rails (not wall)");
}

}  // namespace
}  // namespace carbonedge
