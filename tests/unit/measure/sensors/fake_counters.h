#pragma once

#include "lib/measure/sensors/counter_bank.h"
#include "tests/unit/measure/sensors/fake_time.h"

#include <cmath>
#include <functional>
#include <utility>

namespace carbonedge {

/// Counters that follow known energy curves in made-up time: stepping once an update period, wrapping at their range.
class FakeCounters : public CounterBank {
public:
    explicit FakeCounters(FakeClock& clock, Nanoseconds period = Nanoseconds(1'000'000))
        : clock_(&clock), period_(period) {}

    /// `joules(t)`: energy used since the clock's zero. `phase`: when in the period it steps.
    std::size_t add(CounterDomain domain, std::function<double(double)> joules, double start_units = 0,
                    Nanoseconds phase = Nanoseconds(0)) {
        domains_.push_back(std::move(domain));
        curves_.push_back({std::move(joules), start_units, phase});
        return domains_.size() - 1;
    }

    [[nodiscard]] std::string name() const override { return "fake"; }
    [[nodiscard]] Nanoseconds update_period() const override { return period_; }
    [[nodiscard]] const std::vector<CounterDomain>& domains() const override { return domains_; }

    std::optional<std::uint64_t> read(std::size_t domain, std::string& problem) override {
        clock_->advance(Nanoseconds(500));
        if (fails && fails(domain)) {
            problem = "read of " + domains_[domain].name + " fails";
            return std::nullopt;
        }
        if (shown) return shown(domain);
        const Curve& curve = curves_[domain];
        const auto steps = (clock_->time() - curve.phase) / period_;
        const double time = to_seconds(steps * period_ + curve.phase).count();
        double units = std::floor(curve.start + curve.joules(time) / domains_[domain].joules_per_unit);
        if (const auto range = domains_[domain].range) units = std::fmod(units, static_cast<double>(*range));
        return static_cast<std::uint64_t>(units);
    }

    std::function<bool(std::size_t)> fails;
    std::function<std::optional<std::uint64_t>(std::size_t)> shown;  ///< instead of the curve

private:
    struct Curve {
        std::function<double(double)> joules;
        double start;
        Nanoseconds phase;
    };
    FakeClock* clock_;
    Nanoseconds period_;
    std::vector<CounterDomain> domains_;
    std::vector<Curve> curves_;
};

inline CounterDomain package_domain(const std::string& name, std::uint64_t range = 262'143'328'850) {
    CounterDomain domain;
    domain.name = name;
    domain.boundary = "package";
    domain.role = CounterRole::kSummed;
    domain.range = range;
    return domain;
}

}  // namespace carbonedge
