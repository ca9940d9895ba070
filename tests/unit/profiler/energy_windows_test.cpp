// Energy of layers by a meter of known update period, in made-up time: every joule is known, no window sleeps.
#include "lib/profiler/layer_energy.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace carbonedge {
namespace {

using namespace std::chrono_literals;

/// A machine whose time passes only where work or rest spends it, and what its energy counter shows: the joules up to
/// its last update.
class Machine {
public:
    explicit Machine(Nanoseconds update_period) : period_(update_period) {}

    void spend(Nanoseconds length, double watts) {
        const Nanoseconds end = now_ + length;
        const Nanoseconds update = period_.count() > 0 ? end / period_ * period_ : end;
        if (update > now_) shown_ = used_ + watts * to_seconds(update - now_).count();
        used_ += watts * to_seconds(length).count();
        now_ = end;
    }
    [[nodiscard]] Nanoseconds now() const { return now_; }
    [[nodiscard]] double shown() const { return shown_; }
    [[nodiscard]] Nanoseconds period() const { return period_; }

private:
    Nanoseconds period_;
    Nanoseconds now_{12'345'678};
    double used_ = 0;
    double shown_ = 0;
};

/// Reads the counter at both ends and states that it can be off by one update.
class SteppingMeter : public EnergyMeter {
public:
    explicit SteppingMeter(Machine& machine) : machine_(machine) {}
    std::vector<Nanoseconds> windows;

    [[nodiscard]] std::string name() const override { return "stepping"; }
    [[nodiscard]] std::string boundary() const override { return "package"; }
    [[nodiscard]] Nanoseconds update_period() const override { return machine_.period(); }
    void start() override {
        begin_ = machine_.now();
        joules_ = machine_.shown();
    }
    EnergyResult stop() override {
        windows.push_back(machine_.now() - begin_);
        const double joules = machine_.shown() - joules_;
        const double watts = joules / to_seconds(windows.back()).count();
        return EnergyReading{Joules(joules), Joules(watts * to_seconds(machine_.period()).count()),
                             Provenance::kMeasured, "stepping", "package"};
    }
    [[nodiscard]] WindowDetail window_detail() const override {
        WindowDetail detail;
        detail.length = windows.back();
        return detail;
    }

private:
    Machine& machine_;
    Nanoseconds begin_{0};
    double joules_ = 0;
};

struct Row {
    Nanoseconds time;
    double watts;  // above idle
};

/// Twelve rows of 30 us to 2.4 ms.
const std::vector<Row> kRows{{30us, 12}, {2400us, 20}, {55us, 16}, {800us, 24}, {120us, 18}, {1500us, 15},
                             {90us, 22}, {410us, 20},  {37us, 14}, {640us, 19}, {260us, 25}, {1100us, 17}};

/// A chain that can be cut after every row.
Profile profile_of_rows() {
    Profile profile;
    for (std::size_t i = 0; i < kRows.size(); ++i) {
        LayerProfile layer;
        layer.name = "row" + std::to_string(i);
        layer.inputs = {static_cast<std::int64_t>(i)};
        layer.outputs = {{static_cast<std::int64_t>(i) + 1, Bytes(1000)}};
        layer.latency_median = kRows[i].time;
        profile.whole_median += kRows[i].time;
        profile.layers.push_back(layer);
    }
    profile.input_values = {{0, Bytes(1000)}};
    profile.output_values = {static_cast<std::int64_t>(kRows.size())};
    return profile;
}

double joules_of(std::size_t row) { return kRows[row].watts * to_seconds(kRows[row].time).count(); }

/// One measurement of the rows on a machine that uses `idle` watts at rest.
struct Measurement {
    Machine machine;
    SteppingMeter meter;
    double idle;
    Profile profile = profile_of_rows();
    std::vector<LayerRange> groups;

    Measurement(Nanoseconds period, double idle_watts) : machine(period), meter(machine), idle(idle_watts) {}

    void run(double asked, Nanoseconds budget) {
        EnergyOptions options;
        options.meter = &meter;
        options.relative_uncertainty = asked;
        options.budget = budget;
        options.rest = [this](Nanoseconds length) { machine.spend(length, idle); };
        MeasuredWork work;
        work.whole = [this] { pass({0, kRows.size()}); };
        work.group = [this](const LayerRange& rows) -> std::function<void()> {
            groups.push_back(rows);
            return [this, rows] { pass(rows); };
        };
        work.now = [this] { return machine.now(); };
        measure_layer_energy(work, profile, options, [](const std::string&, double) {});
    }
    [[nodiscard]] double sum() const {
        double joules = 0;
        for (const LayerProfile& layer : profile.layers) joules += layer.energy->joules.value();
        return joules;
    }

private:
    void pass(const LayerRange& rows) {
        for (std::size_t row = rows.first; row < rows.end; ++row) {
            machine.spend(kRows[row].time, idle + kRows[row].watts);
        }
    }
};

double true_sum() {
    double joules = 0;
    for (std::size_t row = 0; row < kRows.size(); ++row) joules += joules_of(row);
    return joules;
}

}  // namespace

TEST_CASE("energy windows: with time enough every layer is known as well as asked, whatever the meter's period") {
    struct Case {
        Nanoseconds period;
        double asked;
        double idle;
    };
    const std::vector<Case> cases{{1ms, 0.05, 0},   {1ms, 0.01, 0},   {1ms, 0.02, 5},    {1ms, 0.02, 60},
                                  {100ms, 0.05, 0}, {100ms, 0.02, 5}, {100ms, 0.05, 30}, {1000ms, 0.05, 10}};
    for (const Case& one : cases) {
        CAPTURE(one.period.count());
        CAPTURE(one.asked);
        CAPTURE(one.idle);
        Measurement measured(one.period, one.idle);
        measured.run(one.asked, std::chrono::hours(2));
        const std::string warning = measured.profile.warnings.empty() ? "" : measured.profile.warnings.front();
        CHECK(warning.empty());
        CHECK(measured.groups.size() == kRows.size());
        CHECK(std::stod(measured.profile.environment.at("energy-relative-uncertainty")) <= one.asked);
        CHECK(std::abs(measured.sum() / true_sum() - 1) <= one.asked);
        // After the looks that find the share of idle power, no window is shorter than the period asks for.
        const auto& windows = measured.meter.windows;
        CHECK(*std::min_element(windows.begin(), windows.end()) >= to_nanoseconds(to_seconds(one.period) / one.asked));
        for (std::size_t row = 0; row < kRows.size(); ++row) {
            CAPTURE(row);
            const EnergyReading& energy = *measured.profile.layers[row].energy;
            // Rows are scaled to the whole: the error of both.
            CHECK(std::abs(energy.joules.value() / joules_of(row) - 1) <= 2 * one.asked);
            CHECK(std::abs(energy.joules.value() - joules_of(row)) <= energy.uncertainty.value());
            CHECK(energy.source == "stepping");
        }
    }
}

TEST_CASE("energy windows: idle power makes them longer, in proportion to what is left of the gross joules") {
    Measurement without(1ms, 0);
    without.run(0.02, std::chrono::hours(1));
    Measurement mostly_idle(1ms, 190);  // ten times what the rows use
    mostly_idle.run(0.02, std::chrono::hours(1));
    const Nanoseconds plain = without.meter.windows.back();
    const Nanoseconds longer = mostly_idle.meter.windows.back();
    CHECK(plain == 75ms);  // 1 ms / 2 %, and a half for the spread of windows
    const double net = true_sum() / to_seconds(mostly_idle.profile.whole_median).count();
    CHECK(to_seconds(longer) / to_seconds(plain) == doctest::Approx(std::hypot(190 + net, 190) / net).epsilon(0.05));
    CHECK(mostly_idle.profile.warnings.empty());
}

TEST_CASE("energy windows: what the time does not allow is said, with what it would take") {
    Measurement measured(100ms, 0);
    measured.run(0.01, 18s);  // 18 windows of 1 s; 1 % of a meter of 100 ms needs 10 s
    REQUIRE(measured.profile.warnings.size() == 2);
    CHECK(measured.profile.warnings[0] ==
          "energy of the whole is known to +-11 %, not to the 1 % asked for: windows of 1.00 s fit into the time, the "
          "meter's updates need 10.0 s");
    CHECK(measured.profile.warnings[1].starts_with("energy of "));
    CHECK(measured.profile.warnings[1].ends_with(
        ": windows of 1.00 s fit into the time, the meter's updates need 10.0 s"));
    CHECK(std::abs(measured.sum() / true_sum() - 1) <= 0.1);
    CHECK(measured.profile.meter.find("windows of 1.00 s") != std::string::npos);
}

TEST_CASE("energy windows: layers too short for the meter are measured in groups and apportioned by time, and say so") {
    Measurement measured(100ms, 0);
    measured.run(0.05, 40s);  // windows of 2 s: five groups of two windows each in half of the time
    REQUIRE(measured.groups.size() > 1);
    REQUIRE(measured.groups.size() < kRows.size());
    std::size_t next = 0;
    for (const LayerRange& group : measured.groups) {
        REQUIRE(group.first == next);
        next = group.end;
        const std::size_t rows = group.end - group.first;
        double time = 0;
        double joules = 0;
        double truth = 0;
        for (std::size_t row = group.first; row < group.end; ++row) {
            time += to_seconds(kRows[row].time).count();
            joules += measured.profile.layers[row].energy->joules.value();
            truth += joules_of(row);
        }
        CHECK(std::abs(joules / truth - 1) <= 0.1);
        for (std::size_t row = group.first; row < group.end; ++row) {
            const EnergyReading& energy = *measured.profile.layers[row].energy;
            CHECK(energy.joules.value() ==
                  doctest::Approx(joules * to_seconds(kRows[row].time).count() / time).epsilon(1e-9));
            CHECK(energy.source == (rows == 1 ? "stepping" : "stepping, " + std::to_string(rows) + " layers by time"));
        }
    }
    CHECK(next == kRows.size());
    CHECK(measured.profile.meter.find(std::to_string(measured.groups.size()) + " groups of layers") !=
          std::string::npos);
}

TEST_CASE("energy windows: a meter without steps needs no look ahead and no long windows") {
    Measurement measured(0ns, 20);
    measured.run(0.02, 1s);
    CHECK(measured.meter.windows.front() == 10ms);
    CHECK(measured.sum() == doctest::Approx(true_sum()));
}

}  // namespace carbonedge
