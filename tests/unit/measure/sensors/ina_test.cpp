#include "lib/measure/sensors/hwmon_energy.h"
#include "lib/measure/sensors/ina_sensors.h"
#include "tests/unit/measure/sensors/fake_time.h"
#include "tests/unit/measure/sensors/system_tree.h"

#include "lib/measure/sensors/counter_meter.h"
#include "lib/measure/sensors/sampling_meter.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace carbonedge {
namespace {

/// A hwmon chip below its i2c device and linked into the class folder, as the kernel does.
std::string add_chip(SystemTree& system, int number, const std::string& address, const std::string& driver,
                     const std::string& name) {
    const std::string device = "/sys/devices/platform/bus/i2c-1/" + address;
    const std::string folder = fmt::format("{}/hwmon/hwmon{}", device, number);
    system.put(folder + "/name", name).link(folder + "/device", "../../../" + address);
    system.link(fmt::format("/sys/class/hwmon/hwmon{}", number),
                fmt::format("../../devices/platform/bus/i2c-1/{}/hwmon/hwmon{}", address, number));
    system.link("/sys/bus/i2c/drivers/" + driver + "/" + address, "../../../../devices/platform/bus/i2c-1/" + address);
    return folder;
}

void add_channel(SystemTree& system, const std::string& folder, int channel, const std::string& label, int millivolts,
                 int milliamperes) {
    system.put(fmt::format("{}/in{}_label", folder, channel), label)
        .put(fmt::format("{}/in{}_input", folder, channel), std::to_string(millivolts))
        .put(fmt::format("{}/curr{}_input", folder, channel), std::to_string(milliamperes));
}

std::vector<RailPower> read_all(RailSensors& sensors) {
    std::vector<RailPower> powers;
    std::string problem;
    CHECK(sensors.read(powers, problem));
    return powers;
}

TEST_CASE("ina3221 through hwmon: AGX Orin with two chips, without NC, disabled and sum channels") {
    SystemTree system;
    const std::string first = add_chip(system, 3, "1-0040", "ina3221", "ina3221");
    add_channel(system, first, 1, "VDD_GPU_SOC", 18800, 128);
    add_channel(system, first, 2, "VDD_CPU_CV", 18900, 40);
    add_channel(system, first, 3, "VIN_SYS_5V0", 5000, 805);
    system.put(first + "/in7_label", "sum of shunt voltages").put(first + "/in7_input", "99");
    system.put(first + "/in4_input", "1200").put(first + "/update_interval", "2");
    const std::string second = add_chip(system, 4, "1-0041", "ina3221", "ina3221");
    add_channel(system, second, 1, "NC", 5000, 0);
    add_channel(system, second, 2, "VDDQ_VDD2_1V8AO", 5000, 60);
    add_channel(system, second, 3, "NVME", 5000, 500);
    system.put(second + "/in3_enable", "0");
    system.put("/sys/class/hwmon/hwmon0/name", "ucsi_source_psy_1").put("/sys/class/hwmon/hwmon0/in1_input", "5000");

    auto files = system_file_access(system.roots());
    const InaSearch search = find_ina_channels(*files);
    REQUIRE(search.channels.size() == 4);
    CHECK(search.channels[0].chip == "ina3221 1-0040");
    CHECK_FALSE(search.through_iio);
    CHECK(search.update_period == std::chrono::milliseconds(2));
    auto sensors = make_ina_sensors(files, search);
    const auto powers = read_all(*sensors);
    CHECK(powers[0].power.value() == doctest::Approx(18.8 * 0.128));
    const auto rule = sensors->rule();
    REQUIRE(std::holds_alternative<BoardRule>(rule));
    CHECK(std::get<BoardRule>(rule).boundary == "module-rails (not wall)");
    const auto total = board_total(std::get<BoardRule>(rule), powers);
    CHECK(total->value() == doctest::Approx(18.8 * 0.128 + 18.9 * 0.04 + 5.0 * 0.805));
}

TEST_CASE("ina238: a Thor's input sensor in microwatts leads over its rails") {
    SystemTree system;
    const std::string rails = add_chip(system, 1, "2-0040", "ina3221", "ina3221");
    add_channel(system, rails, 1, "VDD_GPU", 12000, -33);
    add_channel(system, rails, 2, "VDD_CPU_SOC_MSS", 12000, 1580);
    add_channel(system, rails, 3, "VIN_SYS_5V0", 5000, 3666);
    const std::string input = add_chip(system, 2, "2-0044", "ina238", "ina238");
    system.put(input + "/power1_input", "87426000")
        .put(input + "/in1_input", "20000")
        .put(input + "/curr1_input", "4371");
    auto files = system_file_access(system.roots());
    auto sensors = make_ina_sensors(files, find_ina_channels(*files));
    const auto rule = sensors->rule();
    REQUIRE(std::holds_alternative<BoardRule>(rule));
    CHECK(std::get<BoardRule>(rule).summed == std::vector<std::string>{"VIN"});
    const auto powers = read_all(*sensors);
    CHECK(board_total(std::get<BoardRule>(rule), powers)->value() == doctest::Approx(87.426));
    CHECK(powers[0].power.value() == doctest::Approx(-0.396));  // the offset of an idle rail stays visible
}

TEST_CASE("ina3221x through iio: JetPack 4 on a Nano and on an AGX Xavier with its second chip") {
    SystemTree system;
    const auto add = [&](const std::string& address, int device, int channel, const std::string& rail, int milliwatts) {
        const std::string folder = fmt::format("/sys/bus/i2c/drivers/ina3221x/{}/iio:device{}", address, device);
        system.put(fmt::format("{}/rail_name_{}", folder, channel), rail)
            .put(fmt::format("{}/in_power{}_input", folder, channel), std::to_string(milliwatts));
    };
    SUBCASE("Nano") {
        add("6-0040", 0, 0, "POM_5V_IN", 1022);
        add("6-0040", 0, 1, "POM_5V_GPU", 0);
        add("6-0040", 0, 2, "POM_5V_CPU", 204);
    }
    SUBCASE("AGX Xavier") {
        add("1-0040", 0, 0, "GPU", 100);
        add("1-0040", 0, 1, "CPU", 311);
        add("1-0040", 0, 2, "SOC", 200);
        add("1-0041", 1, 0, "CV", 0);
        add("1-0041", 1, 1, "VDDRQ", 200);
        add("1-0041", 1, 2, "SYS5V", 211);
    }
    auto files = system_file_access(system.roots());
    const InaSearch search = find_ina_channels(*files);
    CHECK(search.through_iio);
    auto sensors = make_ina_sensors(files, search);
    CHECK(sensors->name() == "ina-iio");
    const auto rule = sensors->rule();
    REQUIRE(std::holds_alternative<BoardRule>(rule));
    CHECK(board_total(std::get<BoardRule>(rule), read_all(*sensors))->value() == doctest::Approx(1.022));
}

TEST_CASE("ina: the integral, a sensor that fails, and a broken chip") {
    SystemTree system;
    const std::string folder = add_chip(system, 1, "7-0040", "ina3221", "ina3221");
    add_channel(system, folder, 1, "VDD_IN", 5000, 1000);
    add_channel(system, folder, 2, "VDD_CPU_GPU_CV", 5000, 200);
    system.put(folder + "/in3_label", "VDD_SOC");
    auto files = std::make_shared<InjectingFiles>(system_file_access(system.roots()));
    const InaSearch search = find_ina_channels(*files);
    CHECK(search.problems == std::vector<std::string>{"ina3221 7-0040: VDD_SOC has no voltage or no current"});
    FakeClock clock;
    const auto meter = make_rail_meter(make_ina_sensors(files, search), std::chrono::milliseconds(10), clock);
    const auto run = [&](int samples) {
        meter->start();
        for (int i = 0; i < samples; ++i) {
            clock.advance(std::chrono::milliseconds(10));
            meter->sample();
        }
        return meter->stop();
    };
    const EnergyResult result = run(100);
    REQUIRE(std::holds_alternative<EnergyReading>(result));
    CHECK(std::get<EnergyReading>(result).joules.value() == doctest::Approx(5.0).epsilon(0.001));
    CHECK(std::get<EnergyReading>(result).boundary == "module-input");

    clock.advance(std::chrono::seconds(1));
    meter->start();
    clock.advance(std::chrono::seconds(2));
    const EnergyResult sparse = meter->stop();
    REQUIRE(std::holds_alternative<EnergyUnavailable>(sparse));
    CHECK(std::get<EnergyUnavailable>(sparse).reason.find("undersampled") != std::string::npos);

    for (const auto& [path, error] : {std::pair{"/sys/class/hwmon/hwmon1/curr1_input", EIO}}) {
        files->read_errors[path] = error;
        const EnergyResult failed = run(10);
        REQUIRE(std::holds_alternative<EnergyUnavailable>(failed));
        CHECK(std::get<EnergyUnavailable>(failed).reason.find("curr1_input: input/output error") != std::string::npos);
    }
}

TEST_CASE("amd_energy: sockets are summed, cores lie inside, permission is a reason") {
    SystemTree system;
    const std::string folder = "/sys/class/hwmon/hwmon2";
    system.put(folder + "/name", "amd_energy");
    const char* labels[] = {"Ecore000", "Ecore001", "Esocket0", "Esocket1"};
    for (int i = 0; i < 4; ++i) {
        system.put(fmt::format("{}/energy{}_label", folder, i + 1), labels[i])
            .put(fmt::format("{}/energy{}_input", folder, i + 1), std::to_string(1000 * (i + 1)));
    }
    system.put("/sys/class/hwmon/hwmon3/name", "k10temp");
    auto files = std::make_shared<InjectingFiles>(system_file_access(system.roots()));
    const auto counters = find_amd_energy(*files);
    REQUIRE(counters.size() == 4);
    const auto bank = make_amd_energy_bank(*files, counters);
    CHECK(bank->domains()[2].name == "Esocket0");
    CHECK(bank->domains()[2].role == CounterRole::kSummed);
    CHECK(bank->domains()[0].role == CounterRole::kInside);
    std::string problem;
    CHECK(bank->read(2, problem) == 3000u);
    files->open_errors[folder + "/energy3_input"] = EACCES;
    const auto denied = make_amd_energy_bank(*files, counters);
    CHECK(denied->domains()[2].problem.find("permission denied; allow a group") != std::string::npos);
    CHECK_FALSE(denied->read(2, problem).has_value());
}

/// Counts how often it is looked at, from another thread.
class CountingMeter : public EnergyMeter {
public:
    explicit CountingMeter(int& looks) : looks_(&looks) {}
    [[nodiscard]] std::string name() const override { return "counting"; }
    [[nodiscard]] std::string boundary() const override { return "rail"; }
    [[nodiscard]] Nanoseconds update_period() const override { return {}; }
    void start() override {}
    void sample() override { ++*looks_; }
    EnergyResult stop() override { return EnergyReading{}; }

private:
    int* looks_;
};

TEST_CASE("sampling meter: looks at its meter while the window is open, and only then") {
    int looks = 0;
    const auto meter = make_sampling_meter(std::make_unique<CountingMeter>(looks), std::chrono::milliseconds(1));
    meter->start();
    system_meter_clock().pause(std::chrono::milliseconds(60));
    CHECK(std::holds_alternative<EnergyReading>(meter->stop()));
    CHECK(looks >= 3);
    CHECK(looks <= 80);
    const int after = looks;
    system_meter_clock().pause(std::chrono::milliseconds(5));
    CHECK(looks == after);
    const auto unbounded = make_sampling_meter(std::make_unique<CountingMeter>(looks));
    unbounded->start();
    system_meter_clock().pause(std::chrono::milliseconds(5));
    unbounded->stop();
    CHECK(looks == after);
}

}  // namespace
}  // namespace carbonedge
