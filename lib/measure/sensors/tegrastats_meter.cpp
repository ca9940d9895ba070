#include "lib/measure/sensors/tegrastats_meter.h"

#include <fmt/format.h>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <istream>
#include <mutex>
#include <thread>

namespace carbonedge {
namespace {

constexpr const char* kSource = "tegrastats";

class TegrastatsMeter : public EnergyMeter {
public:
    TegrastatsMeter(std::unique_ptr<LineSource> lines, Nanoseconds interval, Nanoseconds patience, MeterClock& clock)
        : lines_(std::move(lines)), interval_(interval), clock_(&clock), trace_(interval) {
        reader_ = std::thread([this] { read(); });
        std::unique_lock lock(mutex_);
        arrived_.wait_for(lock, patience, [this] { return trace_.rule().has_value() || !trace_.ended().empty(); });
    }
    TegrastatsMeter(const TegrastatsMeter&) = delete;
    TegrastatsMeter& operator=(const TegrastatsMeter&) = delete;
    ~TegrastatsMeter() override {
        leaving_ = true;
        reader_.join();
    }

    [[nodiscard]] std::string name() const override { return kSource; }
    [[nodiscard]] std::string boundary() const override {
        const std::lock_guard lock(mutex_);
        return trace_.rule() ? trace_.rule()->boundary : "unknown";
    }
    [[nodiscard]] Nanoseconds update_period() const override { return interval_; }

    void start() override {
        const std::lock_guard lock(mutex_);
        begin_ = clock_->now();
        trace_.open(begin_);
        started_ = true;
    }

    EnergyResult stop() override {
        const std::lock_guard lock(mutex_);
        if (!started_) return EnergyUnavailable{"the meter was not started"};
        started_ = false;
        detail_ = {};
        return trace_.integrate(begin_, clock_->now(), detail_);
    }

    [[nodiscard]] WindowDetail window_detail() const override {
        const std::lock_guard lock(mutex_);
        return detail_;
    }

private:
    std::unique_ptr<LineSource> lines_;
    Nanoseconds interval_;
    MeterClock* clock_;
    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    TegrastatsTrace trace_;
    Nanoseconds begin_{0};
    bool started_ = false;
    WindowDetail detail_;
    std::atomic<bool> leaving_ = false;
    std::thread reader_;

    void read() {
        while (!leaving_) {
            const auto next = lines_->next(std::chrono::milliseconds(50));
            if (std::holds_alternative<LineTimeout>(next)) continue;
            const Nanoseconds now = clock_->now();
            const std::lock_guard lock(mutex_);
            if (const auto* ended = std::get_if<LinesEnded>(&next)) {
                trace_.end(ended->reason);
            } else {
                trace_.accept(std::get<std::string>(next), now);
                if (!started_) trace_.open(now);
            }
            arrived_.notify_all();
            if (!trace_.ended().empty()) return;
        }
    }
};

}  // namespace

void TegrastatsTrace::accept(std::string_view line, Nanoseconds time) {
    const TegraLine parsed = parse_tegrastats_line(line);
    ++lines_;
    std::vector<RailPower> powers;
    for (const TegraRail& rail : parsed.rails) {
        powers.push_back({rail.name, Watts(static_cast<double>(rail.milliwatts) * 1e-3)});
    }
    if (!rule_) {
        std::vector<std::string> names;
        for (const RailPower& rail : powers) names.push_back(rail.name);
        auto found = board_rule(names);
        if (auto* rule = std::get_if<BoardRule>(&found)) {
            rule_ = std::move(*rule);
        } else {
            problem_ = std::get<std::string>(found);
        }
    }
    const auto total = rule_ ? board_total(*rule_, powers) : std::nullopt;
    if (!total) {
        ++lines_without_total_;
        return;
    }
    total_.add(time, *total);
    for (const RailPower& rail : powers) rails_.try_emplace(rail.name, interval_).first->second.add(time, rail.power);
}

void TegrastatsTrace::open(Nanoseconds begin) {
    total_.forget_before(begin);
    for (auto& [name, trace] : rails_) trace.forget_before(begin);
    lines_ = 0;
    lines_without_total_ = 0;
}

EnergyResult TegrastatsTrace::integrate(Nanoseconds begin, Nanoseconds end, WindowDetail& detail) const {
    detail.begin = begin;
    detail.length = end - begin;
    detail.samples = lines_;
    detail.expected_samples = (end - begin) / interval_;
    if (!ended_.empty()) return EnergyUnavailable{ended_};
    if (!rule_) return EnergyUnavailable{"tegrastats: " + (problem_.empty() ? "no line came" : problem_)};
    if (lines_without_total_ > 0) {
        const std::string text = fmt::format("{} of {} lines of tegrastats lack {}", lines_without_total_, lines_,
                                             rule_->summed.size() == 1 ? rule_->summed[0] : "a rail of the total");
        if (lines_without_total_ * 2 > lines_) return EnergyUnavailable{"format: " + text};
        detail.flags.push_back("format: " + text);
    }
    const auto whole = total_.integrate(begin, end);
    if (const auto* reason = std::get_if<std::string>(&whole)) return EnergyUnavailable{"tegrastats: " + *reason};
    const auto reading_of = [](const TraceIntegral& integral, const std::string& boundary) {
        return EnergyReading{integral.joules, integral.uncertainty, Provenance::kMeasured, kSource, boundary};
    };
    for (const auto& [name, trace] : rails_) {
        const auto part = trace.integrate(begin, end);
        const auto* integral = std::get_if<TraceIntegral>(&part);
        const bool summed = std::find(rule_->summed.begin(), rule_->summed.end(), name) != rule_->summed.end();
        detail.parts.push_back({name, "rail", summed,
                                integral == nullptr ? EnergyResult(EnergyUnavailable{std::get<std::string>(part)})
                                                    : EnergyResult(reading_of(*integral, "rail"))});
    }
    const auto& integral = std::get<TraceIntegral>(whole);
    if (integral.joules == Joules(0)) return EnergyUnavailable{zero_power_reason("tegrastats")};
    detail.samples = integral.samples;
    return reading_of(integral, rule_->boundary);
}

std::unique_ptr<EnergyMeter> make_tegrastats_meter(std::unique_ptr<LineSource> lines, Nanoseconds interval,
                                                   Nanoseconds patience, MeterClock& clock) {
    return std::make_unique<TegrastatsMeter>(std::move(lines), interval, patience, clock);
}

namespace {

/// "05-15-2025 18:30:28" (month first) in seconds from any origin.
std::optional<std::int64_t> seconds_of_date(const std::string& date) {
    int month = 0;
    int day = 0;
    int year = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (std::sscanf(date.c_str(), "%2d-%2d-%4d %2d:%2d:%2d", &month, &day, &year, &hour, &minute, &second) != 6)
        return std::nullopt;
    const std::chrono::year_month_day when{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!when.ok()) return std::nullopt;
    const auto midnight = std::chrono::sys_days(when).time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(midnight).count() + hour * 3600 + minute * 60 + second;
}

/// Looks for lines that lie further apart than they should. Dates have whole seconds, so one more is no gap.
class GapFinder {
public:
    explicit GapFinder(Nanoseconds interval) : interval_(interval) {}

    void look(const std::string& date) {
        const std::optional<std::int64_t> now = seconds_of_date(date);
        if (now && before_ >= 0) {
            const Nanoseconds apart = std::chrono::seconds(*now - before_);
            if (apart > interval_ + interval_ / 2 + std::chrono::seconds(1)) {
                ++gaps;
                missing += apart - interval_;
            }
        }
        if (now) before_ = *now;
    }

    std::int64_t gaps = 0;
    Nanoseconds missing{0};

private:
    Nanoseconds interval_;
    std::int64_t before_ = -1;  // none yet
};

}  // namespace

TegrastatsLog integrate_tegrastats_log(std::istream& log, Nanoseconds interval) {
    TegrastatsLog result;
    TegrastatsTrace trace(interval);
    GapFinder finder(interval);
    std::string line;
    // tegrastats writes a line when its interval is over, so the first line stands for the interval before it.
    while (std::getline(log, line)) {
        ++result.lines;
        trace.accept(line, interval * result.lines);
        finder.look(parse_tegrastats_line(line).date);
    }
    if (result.lines == 0) {
        result.energy = EnergyUnavailable{"the log is empty"};
        return result;
    }
    if (trace.rule()) result.board = trace.rule()->board;
    result.energy = trace.integrate(interval / 2, interval * result.lines + interval / 2, result.detail);
    result.gaps = finder.gaps;
    result.missing = finder.missing;
    if (result.gaps > 0) {
        result.detail.flags.push_back(
            fmt::format("gaps: {} line(s) come later than the interval, {:.0f} s are missing and not counted",
                        result.gaps, to_seconds(result.missing).count()));
    }
    return result;
}

}  // namespace carbonedge
