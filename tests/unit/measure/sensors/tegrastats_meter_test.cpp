#include "lib/measure/sensors/tegrastats_meter.h"

#include "lib/base/errors.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/measure/sensors/fake_time.h"
#include "tests/unit/measure/sensors/tegrastats_lines.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <cmath>
#include <fstream>
#include <sstream>

namespace carbonedge {
namespace {

constexpr Nanoseconds kMillisecond{1'000'000};

std::string nano_line(double watts) {
    return fmt::format("RAM 534/3964MB (lfb 98x4MB) CPU [16%@204] POM_5V_IN {0}/1022 POM_5V_GPU 0/0 POM_5V_CPU {1}/204",
                       std::lround(watts * 1000), std::lround(watts * 200));
}

std::string reason(const EnergyResult& result) {
    const auto* unavailable = std::get_if<EnergyUnavailable>(&result);
    return unavailable == nullptr ? "" : unavailable->reason;
}

TEST_CASE("tegrastats trace: the first value is integrated, the mean since its start is not") {
    TegrastatsTrace trace(100 * kMillisecond);
    const auto watts = [](double seconds) { return 5.0 + 2.0 * std::sin(3.0 * seconds); };
    for (int i = 0; i <= 50; ++i) trace.accept(nano_line(watts(0.1 * i)), 100 * kMillisecond * i);
    WindowDetail detail;
    const Nanoseconds begin = 530 * kMillisecond;
    const Nanoseconds end = 4770 * kMillisecond;
    const EnergyResult result = trace.integrate(begin, end, detail);
    const auto* reading = std::get_if<EnergyReading>(&result);
    REQUIRE(reading != nullptr);
    const double truth = 5.0 * 4.24 - 2.0 / 3.0 * (std::cos(3 * 4.77) - std::cos(3 * 0.53));
    CHECK(reading->joules.value() == doctest::Approx(truth).epsilon(0.002));
    CHECK(std::abs(reading->joules.value() - truth) <= reading->uncertainty.value());
    CHECK(reading->boundary == "module-input");
    CHECK(detail.samples == 42);
    CHECK(detail.expected_samples == 42);
    REQUIRE(detail.parts.size() == 3);
    int summed = 0;
    for (const EnergyPart& part : detail.parts) summed += part.in_total;
    CHECK(summed == 1);
}

TEST_CASE("tegrastats trace: stalls, gaps, ends and changes of format are reasons") {
    TegrastatsTrace trace(100 * kMillisecond);
    WindowDetail detail;
    CHECK(reason(trace.integrate(Nanoseconds(0), 1000 * kMillisecond, detail)) == "tegrastats: no line came");
    for (int i = 0; i <= 10; ++i) trace.accept(nano_line(5), 100 * kMillisecond * i);

    SUBCASE("stall") {
        CHECK(reason(trace.integrate(Nanoseconds(0), 3000 * kMillisecond, detail)).find("before the window's end") !=
              std::string::npos);
    }
    SUBCASE("most lines missing in between") {
        trace.accept(nano_line(5), 4000 * kMillisecond);
        CHECK(reason(trace.integrate(Nanoseconds(0), 4000 * kMillisecond, detail)) ==
              "tegrastats: undersampled: 12 of 40 expected power samples");
    }
    SUBCASE("the program ends") {
        trace.end("tegrastats ended with status 1");
        CHECK(reason(trace.integrate(Nanoseconds(0), 1000 * kMillisecond, detail)) == "tegrastats ended with status 1");
    }
    SUBCASE("some lines without the rail are flagged, many are a reason") {
        trace.accept("RAM 534/3964MB POM_5V_GPU 0/0", 1050 * kMillisecond);
        const EnergyResult flagged = trace.integrate(Nanoseconds(0), 1000 * kMillisecond, detail);
        CHECK(std::holds_alternative<EnergyReading>(flagged));
        REQUIRE(detail.flags.size() == 1);
        CHECK(detail.flags[0] == "format: 1 of 12 lines of tegrastats lack POM_5V_IN");
        for (int i = 0; i < 12; ++i) trace.accept("RAM 534/3964MB", 1100 * kMillisecond + i * kMillisecond);
        CHECK(reason(trace.integrate(Nanoseconds(0), 1000 * kMillisecond, detail)).rfind("format: 13 of 24", 0) == 0);
    }
}

TEST_CASE("tegrastats log: energy of a recorded run") {
    std::istringstream log(std::string(tegrastats_lines::kTx2Old) +
                           "\nVDD_IN 1776/1853\nVDD_IN 1738/1815\nVDD_IN 1776/1805\n");
    const TegrastatsLog result = integrate_tegrastats_log(log, std::chrono::seconds(1));
    CHECK(result.lines == 4);
    REQUIRE(std::holds_alternative<EnergyReading>(result.energy));
    CHECK(std::get<EnergyReading>(result.energy).joules.value() ==
          doctest::Approx(1.931 + 1.776 + 1.738 + 1.776).epsilon(0.01));
    CHECK(result.gaps == 0);
    std::istringstream gap(
        "05-15-2025 23:59:58 VDD_IN 1000/1000\n05-15-2025 23:59:59 VDD_IN 1000/1000\n"
        "05-16-2025 00:01:00 VDD_IN 1000/1000\n05-16-2025 00:01:02 VDD_IN 1000/1000\n");
    const TegrastatsLog with_gap = integrate_tegrastats_log(gap, std::chrono::seconds(1));
    CHECK(with_gap.gaps == 1);
    CHECK(with_gap.missing == std::chrono::seconds(60));
    REQUIRE_FALSE(with_gap.detail.flags.empty());
    CHECK(with_gap.detail.flags.back() ==
          "gaps: 1 line(s) come later than the interval, 60 s are missing and not counted");
    std::istringstream empty("");
    CHECK(reason(integrate_tegrastats_log(empty, std::chrono::seconds(1)).energy) == "the log is empty");
}

/// A stand-in for the tegrastats executable: a shell script.
std::string stand_in(TemporaryFolder& folder, const std::string& body) {
    const std::string path = folder.file("tegrastats");
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    ::chmod(path.c_str(), 0755);
    return path;
}

/// A window that lasts until `lines` more lines can have come; real time, some tens of milliseconds.
EnergyResult measure(EnergyMeter& meter, int milliseconds) {
    meter.start();
    system_meter_clock().pause(milliseconds * kMillisecond);
    return meter.stop();
}

TEST_CASE("tegrastats meter: a stand-in program that runs") {
    TemporaryFolder folder;
    const std::string line = nano_line(5);
    const auto program =
        stand_in(folder, "[ \"$1\" = --interval ] || exit 9\nwhile :; do echo '" + line + "'; sleep 0.01; done");
    const auto meter = make_tegrastats_meter(run_for_lines({program, "--interval", "10"}), 60 * kMillisecond,
                                             std::chrono::seconds(10));
    CHECK(meter->boundary() == "module-input");
    const EnergyResult result = measure(*meter, 200);
    REQUIRE_MESSAGE(std::holds_alternative<EnergyReading>(result), reason(result));
    const double length = to_seconds(meter->window_detail().length).count();
    CHECK(std::get<EnergyReading>(result).joules.value() == doctest::Approx(5.0 * length).epsilon(0.001));
    CHECK(reason(meter->stop()) == "the meter was not started");
}

TEST_CASE("tegrastats meter: a stand-in that dies, stalls, prints another format, is not there") {
    TemporaryFolder folder;
    const std::string line = "echo '" + nano_line(5) + "'";
    struct Row {
        const char* name;
        std::string body;
        std::string says;
    };
    const Row rows[] = {
        {"dies at once", "exit 3", "ended with status 3"},
        {"dies after a line", line + "\nexit 1", "ended with status 1"},
        {"is killed", line + "\nkill -9 $$", "was ended by signal 9"},
        {"stalls", line + "\nexec sleep 60", "before the window's end"},
        {"is silent", "exec sleep 60", "no line came"},
        {"prints another format", "while :; do echo 'POWER total=5W'; sleep 0.01; done", "no power rails"},
    };
    for (const Row& row : rows) {
        INFO(row.name);
        const auto meter =
            make_tegrastats_meter(run_for_lines({stand_in(folder, row.body)}), 10 * kMillisecond, 300 * kMillisecond);
        const EnergyResult result = measure(*meter, 60);
        CHECK_MESSAGE(reason(result).find(row.says) != std::string::npos, reason(result));
    }
    CHECK_THROWS_AS(run_for_lines({folder.file("absent")}), EnvironmentError);
    CHECK_THROWS_AS(follow_lines(folder.file("absent")), EnvironmentError);
}

TEST_CASE("tegrastats meter: lines from a FIFO and from a log that grows") {
    TemporaryFolder folder;
    for (const bool fifo : {true, false}) {
        INFO(fifo);
        const std::string path = folder.file(fifo ? "fifo" : "log");
        if (fifo) {
            REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        } else {
            std::ofstream(path) << nano_line(99) << "\n";  // history: not ours
        }
        auto lines = follow_lines(path);
        std::ofstream writer(path, std::ios::app);
        writer << nano_line(5) << "\nhalf a li" << std::flush;
        const auto first = lines->next(std::chrono::seconds(5));
        REQUIRE(std::holds_alternative<std::string>(first));
        CHECK(std::get<std::string>(first) == nano_line(5));
        CHECK(std::holds_alternative<LineTimeout>(lines->next(20 * kMillisecond)));
        writer << "ne\n" << std::flush;
        const auto second = lines->next(std::chrono::seconds(5));
        REQUIRE(std::holds_alternative<std::string>(second));
        CHECK(std::get<std::string>(second) == "half a line");
    }
}

}  // namespace
}  // namespace carbonedge
