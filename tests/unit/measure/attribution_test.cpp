#include "lib/measure/attribution.h"

#include "lib/measure/boundary.h"
#include "lib/measure/composite_meter.h"

#include <doctest/doctest.h>
#include <cmath>

namespace carbonedge {
namespace {

/// Gives the results it was told to, one a window.
class ScriptedMeter : public EnergyMeter {
public:
    ScriptedMeter(std::string name, std::string boundary, std::vector<EnergyResult> results)
        : name_(std::move(name)), boundary_(std::move(boundary)), results_(std::move(results)) {}
    [[nodiscard]] std::string name() const override { return name_; }
    [[nodiscard]] std::string boundary() const override { return boundary_; }
    [[nodiscard]] Nanoseconds update_period() const override { return Nanoseconds(1'000'000); }
    void start() override {}
    EnergyResult stop() override { return results_[next_++ % results_.size()]; }
    [[nodiscard]] WindowDetail window_detail() const override {
        WindowDetail detail;
        detail.length = std::chrono::seconds(1);
        detail.flags = flags;
        return detail;
    }
    std::vector<std::string> flags;

private:
    std::string name_;
    std::string boundary_;
    std::vector<EnergyResult> results_;
    std::size_t next_ = 0;
};

EnergyReading joules(double value, double uncertainty, const std::string& source, const std::string& boundary,
                     Provenance provenance = Provenance::kMeasured) {
    return {Joules(value), Joules(uncertainty), provenance, source, boundary};
}

TEST_CASE("boundaries: what lies in what, and what may be added") {
    struct Row {
        const char* first;
        const char* second;
        BoundaryRelation relation;
    };
    const Row rows[] = {
        {"package+dram", "package+dram", BoundaryRelation::kSame},
        {"dram+package", "package+dram", BoundaryRelation::kSame},
        {"package", "package+dram", BoundaryRelation::kInside},
        {"platform", "package+dram", BoundaryRelation::kContains},
        {"core", "package", BoundaryRelation::kInside},
        {"core-dynamic", "package+dram", BoundaryRelation::kInside},
        {"core", "platform", BoundaryRelation::kInside},
        {"gpu", "package+dram", BoundaryRelation::kDisjoint},
        {"package", "dram", BoundaryRelation::kDisjoint},
        {"core", "dram", BoundaryRelation::kDisjoint},
        {"gpu", "module-input", BoundaryRelation::kInside},
        {"module-rails (not wall)", "module-input", BoundaryRelation::kInside},
        {"gpu", "platform", BoundaryRelation::kUnknown},
        {"gpu", "module-rails (not wall)", BoundaryRelation::kUnknown},
        {"core", "uncore", BoundaryRelation::kUnknown},
        {"package+gpu", "package+dram", BoundaryRelation::kUnknown},
        {"something", "package", BoundaryRelation::kUnknown},
        {"wall", "platform", BoundaryRelation::kContains},
    };
    for (const Row& row : rows) {
        INFO(row.first, " and ", row.second);
        CHECK(boundary_relation(row.first, row.second) == row.relation);
        const auto back = boundary_relation(row.second, row.first);
        if (row.relation == BoundaryRelation::kInside) {
            CHECK(back == BoundaryRelation::kContains);
        } else if (row.relation == BoundaryRelation::kContains) {
            CHECK(back == BoundaryRelation::kInside);
        } else {
            CHECK(back == row.relation);
        }
    }
}

std::unique_ptr<EnergyMeter> scripted(const EnergyResult& result, const std::string& name,
                                      const std::string& boundary) {
    return std::make_unique<ScriptedMeter>(name, boundary, std::vector<EnergyResult>{result});
}

TEST_CASE("composite: package and GPU add up, nested and repeated boundaries do not") {
    std::vector<std::unique_ptr<EnergyMeter>> meters;
    meters.push_back(scripted(joules(40, 1, "rapl-powercap", "package+dram"), "rapl-powercap", "package+dram"));
    meters.push_back(scripted(joules(90, 1, "psys", "platform"), "psys", "platform"));
    meters.push_back(scripted(joules(100, 3, "nvml-energy", "gpu"), "nvml-energy", "gpu"));
    meters.push_back(scripted(joules(60, 1, "perf-power", "package+dram"), "perf-power", "package+dram"));
    const auto meter = make_composite_meter(std::move(meters));
    CHECK(meter->name() == "rapl-powercap+nvml-energy");
    CHECK(meter->boundary() == "package+dram+gpu");
    meter->start();
    const EnergyResult result = meter->stop();
    REQUIRE(std::holds_alternative<EnergyReading>(result));
    CHECK(std::get<EnergyReading>(result) == joules(140, 4, "rapl-powercap+nvml-energy", "package+dram+gpu"));
    const WindowDetail detail = meter->window_detail();
    REQUIRE(detail.parts.size() == 4);
    CHECK(detail.parts[0].in_total);
    CHECK_FALSE(detail.parts[1].in_total);
    CHECK(detail.parts[2].in_total);
    CHECK_FALSE(detail.parts[3].in_total);
    REQUIRE(detail.flags.size() == 1);
    CHECK(detail.flags[0].rfind("inconsistent: rapl-powercap says 40", 0) == 0);
}

TEST_CASE("composite: a missing part makes no smaller total, and estimates are not added to measurements") {
    std::vector<std::unique_ptr<EnergyMeter>> missing;
    missing.push_back(scripted(joules(40, 1, "a", "package"), "a", "package"));
    missing.push_back(scripted(EnergyUnavailable{"GPU is lost"}, "nvml-energy", "gpu"));
    const auto broken = make_composite_meter(std::move(missing));
    const EnergyResult none = broken->stop();
    REQUIRE(std::holds_alternative<EnergyUnavailable>(none));
    CHECK(std::get<EnergyUnavailable>(none).reason == "nvml-energy: GPU is lost");

    std::vector<std::unique_ptr<EnergyMeter>> mixed;
    mixed.push_back(scripted(joules(100, 1, "nvml-energy", "gpu"), "nvml-energy", "gpu"));
    mixed.push_back(scripted(joules(5, 2, "model:cpu-seconds", "core-dynamic", Provenance::kEstimated),
                             "model:cpu-seconds", "core-dynamic"));
    const auto meter = make_composite_meter(std::move(mixed));
    const EnergyResult result = meter->stop();
    REQUIRE(std::holds_alternative<EnergyReading>(result));
    CHECK(std::get<EnergyReading>(result).joules.value() == 100.0);
    CHECK(meter->window_detail().flags.at(0).rfind("not-added: model:cpu-seconds", 0) == 0);
}

TEST_CASE("idle power: the mean of its windows with their spread, a failed window is a reason") {
    const auto window = [](double value) { return EnergyResult(joules(value, 0, "a", "package")); };
    ScriptedMeter meter("a", "package", {window(9.0), window(10.0), window(11.0)});
    Nanoseconds rested{0};
    const auto rest = [&](Nanoseconds length) { rested += length; };
    const IdleResult result = measure_idle(meter, 3, std::chrono::seconds(1), rest);
    REQUIRE(std::holds_alternative<IdlePower>(result));
    CHECK(rested == std::chrono::seconds(3));
    CHECK(std::get<IdlePower>(result).mean.value() == doctest::Approx(10.0));
    CHECK(std::get<IdlePower>(result).half_width.value() == doctest::Approx(4.303 * 1.0 / std::sqrt(3.0)));
    ScriptedMeter failing("a", "package", {window(9.0), EnergyUnavailable{"gone"}});
    CHECK(std::holds_alternative<EnergyUnavailable>(measure_idle(failing, 2, std::chrono::seconds(1), rest)));
    CHECK_THROWS_AS(measure_idle(meter, 1, std::chrono::seconds(1), rest), std::invalid_argument);
}

TEST_CASE("net of idle: both sides count, drift widens the interval, negative stays negative") {
    const EnergyReading gross = joules(120, 2, "a", "package");
    const NetEnergy net = net_of_idle(gross, Seconds(10), {Watts(10), Watts(0.1), 3}, {Watts(11), Watts(0.1), 3});
    CHECK(net.gross.joules.value() == 120.0);
    CHECK(net.idle.value() == doctest::Approx(105.0));
    CHECK(net.net.joules.value() == doctest::Approx(15.0));
    CHECK(net.drift.value() == doctest::Approx(1.0));
    CHECK(net.idle_half_width.value() == doctest::Approx(10 * std::hypot(0.5 * std::hypot(0.1, 0.1), 0.5)));
    CHECK(net.net.uncertainty.value() == doctest::Approx(std::hypot(2.0, net.idle_half_width.value())));
    CHECK(net.net.boundary == "package net of idle");
    const NetEnergy below =
        net_of_idle(joules(99, 2, "a", "package"), Seconds(10), {Watts(10), Watts(0.1), 3}, {Watts(10), Watts(0.1), 3});
    CHECK(below.net.joules.value() == doctest::Approx(-1.0));
}

TEST_CASE("attribution by CPU time: parts and the unattributed rest are the whole") {
    const CpuShare shares[] = {{"stage-a", Seconds(3)}, {"stage-b", Seconds(1)}};
    const Attribution half = attribute_by_cpu_time(Joules(80), shares, Seconds(8));
    CHECK(half.parts[0].joules.value() == doctest::Approx(30));
    CHECK(half.parts[1].joules.value() == doctest::Approx(10));
    CHECK(half.unattributed.value() == doctest::Approx(40));
    const Attribution over = attribute_by_cpu_time(Joules(80), shares, Seconds(3.9));
    CHECK(over.parts[0].joules.value() == doctest::Approx(60));
    CHECK(over.unattributed.value() == doctest::Approx(0));
    const Attribution none = attribute_by_cpu_time(Joules(80), {}, Seconds(0));
    CHECK(none.unattributed.value() == doctest::Approx(80));
}

TEST_CASE("model: memory watts and points of the curve") {
    PowerCurve curve;
    curve.idle_per_core = Watts(1);
    curve.busy_per_core = Watts(5);
    curve.relative_uncertainty = 0.3;
    const EnergyReading line = estimate_energy(Seconds(2), Seconds(4), 2, curve);
    CHECK(line.joules.value() == doctest::Approx(8));
    CHECK(line.boundary == "core-dynamic");
    curve.points = {{0.25, Watts(3)}, {0.5, Watts(4)}};
    CHECK(power_at(curve, 0).value() == doctest::Approx(1));
    CHECK(power_at(curve, 0.125).value() == doctest::Approx(2));
    CHECK(power_at(curve, 0.25).value() == doctest::Approx(3));
    CHECK(power_at(curve, 0.75).value() == doctest::Approx(4.5));
    CHECK(power_at(curve, 1).value() == doctest::Approx(5));
    CHECK(estimate_energy(Seconds(2), Seconds(4), 2, curve).joules.value() == doctest::Approx(2 * (3 - 1) * 4));
    curve.memory = Watts(0.5);
    const EnergyReading memory = estimate_energy(Seconds(2), Seconds(4), 2, curve);
    CHECK(memory.joules.value() == doctest::Approx(18));
    CHECK(memory.uncertainty.value() == doctest::Approx(5.4));
    CHECK(memory.boundary == "core-dynamic+memory-model");
    CHECK(memory.provenance == Provenance::kEstimated);
}

}  // namespace
}  // namespace carbonedge
