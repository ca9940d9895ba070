#include "lib/measure/energy_meter.h"

#include "lib/measure/clocks.h"

#include <algorithm>
#include <thread>

namespace carbonedge {
namespace {

constexpr const char* kSource = "model:cpu-seconds";
constexpr const char* kBoundary = "core-dynamic";
constexpr const char* kMemoryBoundary = "core-dynamic+memory-model";

class ModelMeter : public EnergyMeter {
public:
    explicit ModelMeter(PowerCurve curve) : curve_(std::move(curve)) {}

    [[nodiscard]] std::string name() const override { return kSource; }
    [[nodiscard]] std::string boundary() const override {
        return curve_.memory.value() > 0 ? kMemoryBoundary : kBoundary;
    }
    [[nodiscard]] Nanoseconds update_period() const override { return Nanoseconds(0); }

    void start() override {
        start_ = process_cpu_time();
        wall_start_ = raw_time();
        started_ = true;
    }

    EnergyResult stop() override {
        if (!started_) return EnergyUnavailable{"the meter was not started"};
        started_ = false;
        const Seconds cpu_time = to_seconds(process_cpu_time() - start_);
        const Seconds wall_time = to_seconds(raw_time() - wall_start_);
        const double cores = std::max(1U, std::thread::hardware_concurrency());
        return estimate_energy(cpu_time, wall_time, cores, curve_);
    }

private:
    PowerCurve curve_;
    Nanoseconds start_{0};
    Nanoseconds wall_start_{0};
    bool started_ = false;
};

}  // namespace

EnergyReading estimate_energy(Seconds cpu_time, const PowerCurve& curve) {
    EnergyReading reading;
    reading.joules = (curve.busy_per_core - curve.idle_per_core) * cpu_time;
    reading.uncertainty = reading.joules * curve.relative_uncertainty;
    reading.provenance = Provenance::kEstimated;
    reading.source = kSource;
    reading.boundary = kBoundary;
    return reading;
}

Watts power_at(const PowerCurve& curve, double utilisation) {
    std::pair<double, Watts> low{0.0, curve.idle_per_core};
    for (std::size_t i = 0; i <= curve.points.size(); ++i) {
        const std::pair<double, Watts> high =
            i < curve.points.size() ? curve.points[i] : std::pair<double, Watts>{1.0, curve.busy_per_core};
        if (utilisation <= high.first || i == curve.points.size()) {
            const double share = high.first > low.first ? (utilisation - low.first) / (high.first - low.first) : 1.0;
            return low.second + (high.second - low.second) * share;
        }
        low = high;
    }
    return curve.busy_per_core;
}

EnergyReading estimate_energy(Seconds cpu_time, Seconds wall_time, double cores, const PowerCurve& curve) {
    EnergyReading reading = estimate_energy(cpu_time, curve);
    if (!curve.points.empty() && wall_time.count() > 0) {
        const double utilisation = std::clamp(cpu_time.count() / (wall_time.count() * cores), 0.0, 1.0);
        reading.joules = (power_at(curve, utilisation) - curve.idle_per_core) * wall_time * cores;
    }
    if (curve.memory.value() > 0) {
        reading.joules += curve.memory * wall_time;
        reading.boundary = kMemoryBoundary;
    }
    reading.uncertainty = reading.joules * curve.relative_uncertainty;
    return reading;
}

std::unique_ptr<EnergyMeter> make_model_meter(const PowerCurve& curve) { return std::make_unique<ModelMeter>(curve); }

}  // namespace carbonedge
