#include "lib/measure/sensors/power_trace.h"
#include "lib/measure/sensors/rail_sensors.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <mutex>

namespace carbonedge {
namespace {

class RailMeter : public EnergyMeter {
public:
    RailMeter(std::shared_ptr<RailSensors> sensors, Nanoseconds interval, MeterClock& clock)
        : sensors_(std::move(sensors)),
          interval_(std::max(interval, sensors_->update_period())),
          clock_(&clock),
          rule_(sensors_->rule()),
          total_(interval_),
          rails_(sensors_->rails().size(), PowerTrace(interval_)) {}

    [[nodiscard]] std::string name() const override { return sensors_->name(); }
    [[nodiscard]] std::string boundary() const override {
        const auto* rule = std::get_if<BoardRule>(&rule_);
        return rule == nullptr ? "unknown" : rule->boundary;
    }
    [[nodiscard]] Nanoseconds update_period() const override { return sensors_->update_period(); }
    [[nodiscard]] Nanoseconds longest_gap() const override { return interval_; }

    void start() override {
        const std::lock_guard lock(mutex_);
        total_.clear();
        for (PowerTrace& trace : rails_) trace.clear();
        failures_ = 0;
        last_problem_.clear();
        begin_ = clock_->now();
        look();
        started_ = true;
    }

    void sample() override {
        const std::lock_guard lock(mutex_);
        if (started_) look();
    }

    EnergyResult stop() override {
        const std::lock_guard lock(mutex_);
        if (!started_) return EnergyUnavailable{"the meter was not started"};
        started_ = false;
        const Nanoseconds end = clock_->now();
        look();
        return conclude(end);
    }

    [[nodiscard]] WindowDetail window_detail() const override {
        const std::lock_guard lock(mutex_);
        return detail_;
    }

private:
    std::shared_ptr<RailSensors> sensors_;
    Nanoseconds interval_;
    MeterClock* clock_;
    std::variant<BoardRule, std::string> rule_;
    mutable std::mutex mutex_;
    PowerTrace total_;
    std::vector<PowerTrace> rails_;
    std::vector<RailPower> powers_;
    Nanoseconds begin_{0};
    bool started_ = false;
    std::int64_t failures_ = 0;
    std::string last_problem_;
    WindowDetail detail_;

    void look() {
        const auto* rule = std::get_if<BoardRule>(&rule_);
        if (rule == nullptr) return;
        std::string problem;
        const Nanoseconds before = clock_->now();
        if (!sensors_->read(powers_, problem)) {
            ++failures_;
            last_problem_ = problem;
            return;
        }
        const Nanoseconds middle = before + (clock_->now() - before) / 2;
        const auto total = board_total(*rule, powers_);
        if (!total) return;
        total_.add(middle, *total);
        for (std::size_t i = 0; i < rails_.size(); ++i) rails_[i].add(middle, powers_[i].power);
    }

    EnergyResult conclude(Nanoseconds end) {
        detail_ = {};
        detail_.begin = begin_;
        detail_.length = end - begin_;
        detail_.expected_samples = detail_.length / interval_;
        detail_.flags = sensors_->flags();
        if (const auto* problem = std::get_if<std::string>(&rule_)) {
            return EnergyUnavailable{sensors_->name() + ": " + *problem};
        }
        const auto& rule = std::get<BoardRule>(rule_);
        if (detail_.length < sensors_->update_period()) {
            return EnergyUnavailable{sensors_->name() + ": the window is shorter than one update of the sensor"};
        }
        const auto whole = total_.integrate(begin_, end);
        if (const auto* problem = std::get_if<std::string>(&whole)) {
            return EnergyUnavailable{sensors_->name() + ": " + (last_problem_.empty() ? *problem : last_problem_)};
        }
        const auto& integral = std::get<TraceIntegral>(whole);
        if (integral.joules == Joules(0)) return EnergyUnavailable{zero_power_reason(sensors_->name())};
        detail_.samples = integral.samples;
        if (failures_ > 0) {
            detail_.flags.push_back(fmt::format("read-failures: {}, last: {}", failures_, last_problem_));
        }
        const std::vector<std::string> names = sensors_->rails();
        for (std::size_t i = 0; i < rails_.size(); ++i) {
            const auto part = rails_[i].integrate(begin_, end);
            const auto* joules = std::get_if<TraceIntegral>(&part);
            const bool summed = std::find(rule.summed.begin(), rule.summed.end(), names[i]) != rule.summed.end();
            detail_.parts.push_back({names[i], "rail", summed,
                                     joules == nullptr ? EnergyResult(EnergyUnavailable{std::get<std::string>(part)})
                                                       : EnergyResult(reading(*joules, "rail"))});
        }
        return reading(integral, rule.boundary);
    }

    [[nodiscard]] EnergyReading reading(const TraceIntegral& integral, const std::string& boundary) const {
        const Joules own = Joules(std::abs(integral.joules.value()) * sensors_->relative_error());
        return {integral.joules, integral.uncertainty + own, Provenance::kMeasured, sensors_->name(), boundary};
    }
};

}  // namespace

std::unique_ptr<EnergyMeter> make_rail_meter(std::shared_ptr<RailSensors> sensors, Nanoseconds interval,
                                             MeterClock& clock) {
    return std::make_unique<RailMeter>(std::move(sensors), interval, clock);
}

}  // namespace carbonedge
