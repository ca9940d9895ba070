#include "lib/measure/energy_meter.h"

#include "lib/measure/clocks.h"

namespace carbonedge {
namespace {

constexpr const char* kSource = "model:cpu-seconds";
constexpr const char* kBoundary = "core-dynamic";

class ModelMeter : public EnergyMeter {
public:
    explicit ModelMeter(PowerCurve curve) : curve_(std::move(curve)) {}

    [[nodiscard]] std::string name() const override { return kSource; }
    [[nodiscard]] std::string boundary() const override { return kBoundary; }
    [[nodiscard]] Nanoseconds update_period() const override { return Nanoseconds(0); }

    void start() override {
        start_ = process_cpu_time();
        started_ = true;
    }

    EnergyResult stop() override {
        if (!started_) return EnergyUnavailable{"the meter was not started"};
        started_ = false;
        return estimate_energy(to_seconds(process_cpu_time() - start_), curve_);
    }

private:
    PowerCurve curve_;
    Nanoseconds start_{0};
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

std::unique_ptr<EnergyMeter> make_model_meter(const PowerCurve& curve) { return std::make_unique<ModelMeter>(curve); }

}  // namespace carbonedge
