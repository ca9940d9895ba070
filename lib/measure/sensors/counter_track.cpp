#include "lib/measure/sensors/counter_track.h"

#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

/// Updates do not come at exact intervals; this part of a step stays unknown at each end.
constexpr double kUpdateJitter = 0.05;
/// An update later than this many periods after the last one is not the next one.
constexpr double kLatestUpdate = 1.1;

}  // namespace

CounterTrack::CounterTrack(const CounterDomain& domain, Nanoseconds update_period, const CounterRules& rules)
    : domain_(domain), period_(update_period), rules_(rules) {}

void CounterTrack::open() { *this = CounterTrack(domain_, period_, rules_); }

Watts CounterTrack::rating() const { return domain_.limit.value() > 0 ? domain_.limit : rules_.unknown_limit; }

Nanoseconds CounterTrack::longest_gap() const {
    if (!domain_.range) return Nanoseconds::max();
    const double joules = static_cast<double>(*domain_.range) * domain_.joules_per_unit;
    return to_nanoseconds(Seconds(0.5 * joules / (2.0 * rating().value())));
}

void CounterTrack::advance(std::uint64_t value, Nanoseconds now) {
    last_read_worked_ = true;
    problem_.clear();
    if (domain_.range && value > *domain_.range) {
        fail(fmt::format("{} shows {}, above its range of {}", domain_.name, value, *domain_.range));
        return;
    }
    if (!has_value_) {
        has_value_ = true;
        value_ = value;
        seen_ = edge_time_ = now;
        return;
    }
    const Nanoseconds gap = now - seen_;
    if (distrust_.empty() && gap > longest_gap()) {
        distrust_ = fmt::format("{} was not read for {} and may have wrapped unseen after {}; sample it more often",
                                domain_.name, duration_text(to_seconds(gap)), duration_text(to_seconds(longest_gap())));
    }
    if (value != value_) {
        double step = 0;
        if (value > value_) {
            step = static_cast<double>(value - value_);
        } else if (domain_.range) {
            step = static_cast<double>(value + (*domain_.range - value_));
        } else {
            fail(fmt::format("{} went back from {} to {} and has no range to wrap at", domain_.name, value_, value));
            distrust_ = problem_;
            return;
        }
        // The step stands for the time since the last one: a counter that stalls catches up at once. Two updates may
        // lie close together, so a power is judged over no less than two periods.
        const Seconds time = to_seconds(std::max(now - edge_time_, 2 * period_));
        if (begun_ && distrust_.empty() &&
            Joules(step * domain_.joules_per_unit) / time > rating() * rules_.absurd_factor) {
            distrust_ = fmt::format("{} jumped by {} in {}, more than {} times its {}: reset or misread", domain_.name,
                                    energy_text(Joules(step * domain_.joules_per_unit)), duration_text(time),
                                    rules_.absurd_factor, power_text(rating()));
        }
        jitter_ = to_seconds(gap).count();
        accept_step(step, now);
        value_ = value;
    }
    seen_ = now;
}

void CounterTrack::accept_step(double step, Nanoseconds now) {
    ++edges_;
    last_step_ = step;
    edge_time_ = now;
    if (closed_) return;
    if (!ended_) {
        units_ += step;
        return;
    }
    // The step that was under way when the window ended: it belongs to the window as far as it lies before the end.
    const double after = to_seconds(now - end_time_).count();
    const double period = to_seconds(period_).count();
    if (after <= period * kLatestUpdate) {
        const double inside = std::clamp(1.0 - after / period, 0.0, 1.0);
        units_ += step * inside;
        // Power may change at the end of the window: the share is then wrong by at most inside x (1 - inside) of a
        // step.
        end_doubt_ = step * (inside * (1.0 - inside) + kUpdateJitter);
    } else if (jitter_ <= period) {
        // We watched it stand still, then jump: it had stopped some time before the end as well. At the window's mean
        // power the jump is as long as the stop; how much of it lies inside is known no better than that.
        stalled_ = true;
        const double length = to_seconds(end_time_ - begin_time_).count();
        const double mean = length > 0 ? units_ / length : 0.0;
        const double inside = std::clamp(step - mean * after, 0.0, step);
        units_ += inside;
        end_doubt_ = 0.5 * step;
    } else {
        // We were kept from looking and several updates came: when the last one before the end was, is not known.
        const double per_period = step * period / (after + 0.5 * period);
        units_ += 0.5 * per_period;
        end_doubt_ = per_period * (0.5 + kUpdateJitter);
    }
    closed_ = true;
}

void CounterTrack::fail(const std::string& problem) {
    last_read_worked_ = false;
    problem_ = problem;
    ++failures_;
}

void CounterTrack::begin(Nanoseconds now) {
    if (!has_value_ || !last_read_worked_) {
        distrust_ = problem_.empty() ? domain_.name + " was never read" : problem_ + ", when the window began";
    }
    const double period = to_seconds(period_).count();
    if (edges_ > 0 && period > 0) {
        // The update came between the two reads around it, and what was used since is not in the counter yet.
        const double per_period = last_step_ * period / std::max(jitter_, period);
        const double late = std::min(jitter_ / period, 1.0);
        const double since = std::clamp(to_seconds(now - edge_time_).count() / period, 0.0, 1.0);
        offset_ = per_period * std::min(1.0, since + 0.5 * late);
        start_doubt_ = per_period * (kUpdateJitter + 0.5 * late + since * (1.0 - 0.5 * since));
    } else {
        offset_ = 0;
        start_doubt_ = -1;  // unknown until the window's mean power is: a whole update period of it
    }
    units_ = 0;
    begin_time_ = now;
    begun_ = true;
}

void CounterTrack::end(Nanoseconds now) {
    ended_ = true;
    end_time_ = now;
    end_doubt_ = -1;
}

bool CounterTrack::stood_still() const { return begun_ && problem_.empty() && distrust_.empty() && units_ <= 0; }

EnergyResult CounterTrack::result(Seconds length) const {
    if (!domain_.problem.empty()) return EnergyUnavailable{domain_.problem};
    if (!distrust_.empty()) return EnergyUnavailable{distrust_};
    if (!problem_.empty()) return EnergyUnavailable{problem_};
    if (!has_value_) return EnergyUnavailable{domain_.name + " was never read"};
    if (stood_still()) {
        if (length < to_seconds(rules_.zero_after)) {
            return EnergyUnavailable{fmt::format("{} did not move in {}: too short for a counter that moves every {}",
                                                 domain_.name, duration_text(length),
                                                 duration_text(to_seconds(period_)))};
        }
        return EnergyUnavailable{
            fmt::format("zero-counter: {} stood still for {}", domain_.name, duration_text(length))};
    }
    const double units = units_ - offset_;
    if (units < 0) {
        // The edge from which the ends were reckoned belongs to another pace than the window's: no energy is below 0.
        return EnergyUnavailable{fmt::format("erratic-counter: {} moved too unevenly to tell what it counted in {}",
                                             domain_.name, duration_text(length))};
    }
    const double periods = length.count() > 0 ? to_seconds(period_).count() / length.count() : 1.0;
    const double whole_step = std::abs(units) * std::min(1.0, periods);
    const double doubt = (start_doubt_ < 0 ? whole_step : start_doubt_) + (end_doubt_ < 0 ? whole_step : end_doubt_);
    EnergyReading reading;
    reading.joules = Joules(units * domain_.joules_per_unit);
    reading.uncertainty = Joules((doubt + 1.0) * domain_.joules_per_unit);
    reading.provenance = Provenance::kMeasured;
    reading.boundary = domain_.boundary;
    return reading;
}

}  // namespace carbonedge
