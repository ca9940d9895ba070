#include "lib/measure/sensors/counter_meter.h"

#include "lib/measure/sensors/counter_track.h"
#include "lib/measure/sensors/mirrored_counters.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <mutex>

namespace carbonedge {
namespace {

class CounterMeter : public EnergyMeter {
public:
    CounterMeter(std::shared_ptr<CounterBank> bank, MeterClock& clock, const CounterRules& rules)
        : bank_(std::move(bank)), clock_(&clock), rules_(rules), mirrors_(mirror_groups(*bank_)) {
        for (const CounterDomain& domain : bank_->domains()) {
            tracks_.emplace_back(domain, bank_->update_period(), rules_);
        }
        values_.resize(tracks_.size());
        if (mirrors_.has_pairs()) probe_mirrors();
    }

    [[nodiscard]] std::string name() const override { return bank_->name(); }
    [[nodiscard]] std::string boundary() const override {
        std::string text;
        for (const CounterDomain& domain : bank_->domains()) {
            if (domain.role == CounterRole::kSummed) add_boundary(text, domain.boundary);
        }
        return text;
    }
    [[nodiscard]] Nanoseconds update_period() const override { return bank_->update_period(); }

    [[nodiscard]] Nanoseconds longest_gap() const override {
        Nanoseconds gap = Nanoseconds::max();
        for (const CounterTrack& track : tracks_) {
            if (track.domain().role == CounterRole::kSummed) gap = std::min(gap, track.longest_gap());
        }
        return gap;
    }

    void start() override {
        const std::lock_guard lock(mutex_);
        detail_ = {};
        for (CounterTrack& track : tracks_) track.open();
        look();
        // Where the system holds us up between the last look and the clock, we wait for another update.
        for (int attempt = 1; attempt <= kAttempts; ++attempt) {
            if (rules_.await_edges) {
                await_edges([attempt](const CounterTrack& track) { return track.edges() >= attempt; });
            }
            begin_ = clock_->now();
            if (begin_ - last_look_ <= prompt()) break;
        }
        for (CounterTrack& track : tracks_) track.begin(begin_);
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
        // Held up between the clock and the look, the window ends later; its length says so.
        Nanoseconds end{0};
        for (int attempt = 1; attempt <= kAttempts; ++attempt) {
            end = clock_->now();
            look();
            if (last_look_ - end <= prompt()) break;
        }
        for (CounterTrack& track : tracks_) track.end(end);
        if (rules_.await_edges) {
            await_edges([](const CounterTrack& track) { return track.closed(); });
        }
        return conclude(end);
    }

    [[nodiscard]] WindowDetail window_detail() const override {
        const std::lock_guard lock(mutex_);
        return detail_;
    }

private:
    std::shared_ptr<CounterBank> bank_;
    MeterClock* clock_;
    CounterRules rules_;
    mutable std::mutex mutex_;
    std::vector<CounterTrack> tracks_;
    MirroredCounters mirrors_;
    std::vector<std::optional<std::uint64_t>> values_;
    Nanoseconds begin_{0};
    Nanoseconds last_look_{0};
    bool started_ = false;
    WindowDetail detail_;

    static std::vector<std::string> mirror_groups(const CounterBank& bank) {
        std::vector<std::string> groups;
        for (const CounterDomain& domain : bank.domains()) {
            // Seen on dies of a package; two GPUs are never one.
            const bool comparable = domain.role == CounterRole::kSummed && domain.problem.empty() &&
                                    (domain.boundary == "package" || domain.boundary == "dram");
            groups.push_back(comparable ? domain.boundary : "");
        }
        return groups;
    }

    static void add_boundary(std::string& text, const std::string& boundary) {
        if (text.find(boundary) == std::string::npos) text += (text.empty() ? "" : "+") + boundary;
    }

    static constexpr int kAttempts = 5;
    /// How soon a look must follow the clock, and the clock a look.
    [[nodiscard]] Nanoseconds prompt() const { return bank_->update_period() / 10; }

    void look() {
        std::string problem;
        for (std::size_t i = 0; i < tracks_.size(); ++i) {
            values_[i].reset();
            if (!tracks_[i].domain().problem.empty()) continue;
            values_[i] = bank_->read(i, problem);
            if (values_[i]) {
                tracks_[i].advance(*values_[i], clock_->now());
            } else {
                tracks_[i].fail(problem);
            }
        }
        last_look_ = clock_->now();
        mirrors_.observe(values_);
        ++detail_.samples;
    }

    /// Looks until all summed counters that can still be read are done, or have stood still for too long.
    template <class Done>
    void await_edges(Done done) {
        const Nanoseconds start = clock_->now();
        const Nanoseconds patience = bank_->update_period() * rules_.edge_patience;
        const Nanoseconds longest = std::max(patience, rules_.package_patience);
        const auto pending = [&](const CounterTrack& track) {
            const CounterDomain& domain = track.domain();
            if (domain.role != CounterRole::kSummed || !track.readable() || done(track)) return false;
            return clock_->now() - start < (domain.boundary == "package" ? longest : patience);
        };
        while (std::any_of(tracks_.begin(), tracks_.end(), pending)) look();
    }

    void probe_mirrors() {
        for (CounterTrack& track : tracks_) track.open();
        for (int edge = 1; edge <= rules_.probe_edges; ++edge) {
            await_edges([edge](const CounterTrack& track) { return track.edges() >= edge; });
        }
    }

    EnergyResult conclude(Nanoseconds end) {
        detail_.begin = begin_;
        detail_.length = end - begin_;
        const Seconds length = to_seconds(detail_.length);
        detail_.flags = bank_->flags();
        EnergyReading total;
        total.provenance = Provenance::kMeasured;
        total.source = bank_->name();
        std::string reason;
        Watts package_power{0.0};
        for (std::size_t i = 0; i < tracks_.size(); ++i) {
            const CounterTrack& track = tracks_[i];
            const CounterDomain& domain = track.domain();
            EnergyPart part{domain.name, domain.boundary, domain.role == CounterRole::kSummed, track.result(length)};
            if (auto* reading = std::get_if<EnergyReading>(&part.energy)) reading->source = bank_->name();
            if (track.failures() > 0) {
                detail_.flags.push_back(
                    fmt::format("read-failures: {} of {} reads of {}", track.failures(), detail_.samples, domain.name));
            }
            if (track.stalled())
                detail_.flags.push_back("stalled: " + domain.name + " had stopped when the window ended");
            if (part.in_total) judge(i, part, length, package_power, total, reason);
            detail_.parts.push_back(std::move(part));
        }
        if (!reason.empty()) return EnergyUnavailable{reason};
        if (total.boundary.empty()) return EnergyUnavailable{bank_->name() + ": no domain that can be counted"};
        return total;
    }

    void judge(std::size_t i, EnergyPart& part, Seconds length, Watts& package_power, EnergyReading& total,
               std::string& reason) {
        if (const auto original = mirrors_.original_of(i)) {
            part.in_total = false;
            detail_.flags.push_back(fmt::format("mirrored: {} repeats {} and is counted once", part.name,
                                                bank_->domains()[*original].name));
            return;
        }
        const bool is_dram = part.boundary == "dram";
        const auto* reading = std::get_if<EnergyReading>(&part.energy);
        if (reading == nullptr) {
            if (is_dram && tracks_[i].stood_still()) {
                leave_out(part, "zero: " + part.name + " stands still and is left out");
            } else if (reason.empty()) {
                reason = std::get<EnergyUnavailable>(part.energy).reason;
            }
            return;
        }
        const Watts power = reading->joules / length;
        if (is_dram && package_power.value() > 0 && power > rules_.absurd_dram_floor &&
            power > package_power * rules_.absurd_dram_ratio) {
            leave_out(part, fmt::format("absurd: {} shows {} where the packages before it show {}; left out", part.name,
                                        power_text(power), power_text(package_power)));
            return;
        }
        if (!is_dram) package_power += power;
        total.joules += reading->joules;
        total.uncertainty += reading->uncertainty;
        add_boundary(total.boundary, part.boundary);
    }

    void leave_out(EnergyPart& part, std::string flag) {
        part.in_total = false;
        detail_.flags.push_back(std::move(flag));
    }
};

}  // namespace

std::unique_ptr<EnergyMeter> make_counter_meter(std::shared_ptr<CounterBank> bank, MeterClock& clock,
                                                const CounterRules& rules) {
    return std::make_unique<CounterMeter>(std::move(bank), clock, rules);
}

Nanoseconds observed_update_period(CounterBank& bank, MeterClock& clock, Nanoseconds length) {
    Nanoseconds shortest{0};
    std::string problem;
    for (std::size_t i = 0; i < bank.domains().size(); ++i) {
        if (bank.domains()[i].role != CounterRole::kSummed || !bank.domains()[i].problem.empty()) continue;
        const Nanoseconds end = clock.now() + length;
        std::optional<std::uint64_t> last = bank.read(i, problem);
        Nanoseconds first_edge{0};
        Nanoseconds last_edge{0};
        std::int64_t edges = 0;
        for (Nanoseconds now = clock.now(); now < end; now = clock.now()) {
            const auto value = bank.read(i, problem);
            if (!value || value == last) continue;
            last = value;
            (edges == 0 ? first_edge : last_edge) = now;
            ++edges;
        }
        if (edges < 2) continue;
        const Nanoseconds period = (last_edge - first_edge) / (edges - 1);
        if (shortest.count() == 0 || period < shortest) shortest = period;
    }
    return shortest;
}

}  // namespace carbonedge
