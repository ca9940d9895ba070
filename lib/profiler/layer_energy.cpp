#include "lib/profiler/layer_energy.h"

#include "lib/measure/clocks.h"
#include "lib/measure/window_plan.h"
#include "lib/profiler/cut_choice.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <numeric>
#include <optional>
#include <set>
#include <stdexcept>

namespace carbonedge {
namespace {

constexpr int kIdleWindows = 3;
constexpr int kLeastWholeWindows = 5;
constexpr int kGroupWindows = 2;
constexpr int kWarmPasses = 3;
/// Windows are longer by this for the spread between them, which adds to what one update leaves open.
constexpr double kRoomForSpread = 1.5;
/// A group's windows become at most this much longer than planned, so that the budget is kept, about.
constexpr double kLongerForGroup = 2;

/// Thrown and caught in this file: a window without joules ends the measurement.
class NoJoules : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Windows of repeated work, summed up.
struct Windows {
    std::vector<double> joules_per_pass;
    double own_half_width = 0;  ///< the meter's, of a pass, mean over the windows
    Seconds pass{0};            ///< length of a pass, mean
    EnergyReading last;

    [[nodiscard]] double mean() const {
        return std::accumulate(joules_per_pass.begin(), joules_per_pass.end(), 0.0) /
               static_cast<double>(joules_per_pass.size());
    }
    /// Half width of the mean's 95 % interval (2.8: Student's t at 4 degrees of freedom, more for none), and the
    /// meter's.
    [[nodiscard]] double half_width() const {
        const auto count = static_cast<double>(joules_per_pass.size());
        const double middle = mean();
        double squares = 0;
        for (const double joules : joules_per_pass) squares += (joules - middle) * (joules - middle);
        const double spread = count > 1 ? 2.8 * std::sqrt(squares / (count - 1) / count) : 0;
        return std::hypot(spread, own_half_width);
    }
};

class EnergySession {
public:
    EnergySession(const EnergyOptions& options, const MeasuredWork& work, const ProfilerProgress& progress)
        : options_(options), work_(work), progress_(progress) {}

    IdlePower idle(Nanoseconds window, int windows = kIdleWindows) {
        progress_("measuring idle power", 0);
        const IdleResult result = measure_idle(*options_.meter, windows, window, options_.rest);
        note_flags();
        if (const auto* unavailable = std::get_if<EnergyUnavailable>(&result)) throw NoJoules(unavailable->reason);
        return std::get<IdlePower>(result);
    }

    void add_window(Windows& windows, std::int64_t repetitions, const std::function<void()>& work) {
        progress_("measuring energy", 0);
        const auto done = static_cast<double>(windows.joules_per_pass.size());
        const Nanoseconds begin = work_.now();
        options_.meter->start();
        for (std::int64_t i = 0; i < repetitions; ++i) work();
        const Nanoseconds end = work_.now();
        const EnergyResult result = options_.meter->stop();
        note_flags();
        if (const auto* unavailable = std::get_if<EnergyUnavailable>(&result)) throw NoJoules(unavailable->reason);
        windows.last = std::get<EnergyReading>(result);
        Nanoseconds length = options_.meter->window_detail().length;
        if (length.count() <= 0) length = end - begin;
        const auto passes = static_cast<double>(repetitions);
        windows.joules_per_pass.push_back(windows.last.joules.value() / passes);
        windows.own_half_width =
            (windows.own_half_width * done + windows.last.uncertainty.value() / passes) / (done + 1);
        windows.pass = (windows.pass * done + to_seconds(length) / passes) / (done + 1);
    }

    [[nodiscard]] const std::set<std::string>& flags() const { return flags_; }

private:
    const EnergyOptions& options_;
    const MeasuredWork& work_;
    const ProfilerProgress& progress_;
    std::set<std::string> flags_;

    /// Flags that repeat with other figures are told once each.
    void note_flags() {
        for (const std::string& flag : options_.meter->window_detail().flags) {
            const std::string kind = flag.substr(0, flag.find(':'));
            const bool known = std::any_of(flags_.begin(), flags_.end(), [&](const std::string& other) {
                return other.substr(0, other.find(':')) == kind;
            });
            if (!known) flags_.insert(flag);
        }
    }
};

Windows measure_whole(EnergySession& session, const MeasuredWork& work, const Profile& profile,
                      const EnergyOptions& options, Nanoseconds window, const IdlePower& idle) {
    Windows windows;
    const std::int64_t repetitions = repetitions_for(profile.whole_median, window);
    const Nanoseconds start = work.now();
    while (true) {
        session.add_window(windows, repetitions, work.whole);
        if (windows.joules_per_pass.size() < kLeastWholeWindows) continue;
        const double net = windows.mean() - (idle.mean * windows.pass).value();
        const double allowed = options.relative_uncertainty * net;
        const double of_idle = (idle.half_width * windows.pass).value();
        if (std::hypot(windows.half_width(), of_idle) <= allowed) break;
        if (std::hypot(windows.own_half_width, of_idle) > allowed) break;  // more windows would not help
        if (work.now() - start > options.budget / 3) break;
    }
    return windows;
}

std::vector<GroupEnergy> measure_groups(EnergySession& session, const MeasuredWork& work,
                                        const std::vector<LayerRange>& ranges, const EnergyOptions& options,
                                        const WindowPlan& plan, Watts idle) {
    std::vector<GroupEnergy> groups;
    for (const LayerRange& range : ranges) {
        const std::function<void()> pass = work.group(range);
        for (int i = 0; i < kWarmPasses; ++i) pass();
        const Nanoseconds begin = work.now();
        pass();
        GroupEnergy group;
        group.rows = range;
        group.repetitions = repetitions_for(work.now() - begin, plan.length);
        Windows windows;
        session.add_window(windows, group.repetitions, pass);
        // One that uses less power over idle than the whole needs longer windows than the whole.
        const double net = windows.mean() - (idle * windows.pass).value();
        const double allowed = options.relative_uncertainty * net;
        const bool loose = windows.own_half_width > allowed && windows.own_half_width < kLongerForGroup * allowed;
        if (plan.reaches && loose) {
            const double longer = kRoomForSpread * windows.own_half_width / allowed;
            group.repetitions = static_cast<std::int64_t>(std::ceil(longer * static_cast<double>(group.repetitions)));
            windows = {};
        }
        while (std::ssize(windows.joules_per_pass) < kGroupWindows) {
            session.add_window(windows, group.repetitions, pass);
        }
        group.joules = windows.mean() - (idle * windows.pass).value();
        group.half_width = windows.own_half_width;
        groups.push_back(group);
    }
    return groups;
}

std::vector<LayerRange> energy_groups(const MeasuredWork& work, const Profile& profile, const EnergyOptions& options,
                                      Nanoseconds window) {
    const std::vector<Cut> cuts = inner_legal_cuts(profile);
    const std::size_t most = work.group ? cuts.size() + 1 : 1;
    return balanced_stages(profile, cuts, groups_within(options.budget / 2, window, kGroupWindows, most));
}

std::string conditions_text(const EnergyReading& net, const WindowPlan& plan, std::size_t groups, double reached) {
    return fmt::format("{} ({}; windows of {}, {} groups of layers; +-{:.2g} % of the whole)", net.source, net.boundary,
                       duration_text(to_seconds(plan.length)), groups, 100 * reached);
}

/// What a window must be longer by because idle power is taken off: an update of the meter is one of the gross and of
/// the idle joules, the asked uncertainty one of their difference. From one short look at each.
double idle_factor(EnergySession& session, const MeasuredWork& work, const Profile& profile, Nanoseconds window) {
    constexpr double kLargest = 100;  // hardly above idle power: longer windows would not help
    const IdlePower idle = session.idle(window, 2);
    Windows look;
    session.add_window(look, repetitions_for(profile.whole_median, window), work.whole);
    const double gross = (Joules(look.mean()) / look.pass).value();
    const double net = gross - idle.mean.value();
    return net > 0 ? std::clamp(std::hypot(gross, idle.mean.value()) / net, 1.0, kLargest) : kLargest;
}

WindowPlan planned_window(EnergySession& session, const MeasuredWork& work, const Profile& profile,
                          const EnergyOptions& options) {
    constexpr int kLooks = 3;
    const Nanoseconds period = options.meter->update_period();
    const Nanoseconds longest = options.budget / (kLooks + 2 * kIdleWindows + kLeastWholeWindows + 2 * kGroupWindows);
    const WindowPlan short_one = plan_window(period, options.relative_uncertainty, longest);
    if (period.count() <= 0 || !short_one.reaches) return short_one;
    const double factor = idle_factor(session, work, profile, short_one.length);
    return plan_window(period, options.relative_uncertainty / (kRoomForSpread * factor), longest);
}

/// Says where what was asked for was not reached.
void warn_of_uncertainty(Profile& profile, const EnergyOptions& options, const WindowPlan& plan, double reached,
                         std::span<const GroupEnergy> groups) {
    const double asked = options.relative_uncertainty;
    const std::string shorter =
        plan.reaches ? ""
                     : fmt::format(": windows of {} fit into the time, the meter's updates need {}",
                                   duration_text(to_seconds(plan.length)), duration_text(to_seconds(plan.needed)));
    if (reached > asked) {
        profile.warnings.push_back(
            fmt::format("energy of the whole is known to +-{:.2g} %, not to the {:.2g} % asked for{}", 100 * reached,
                        100 * asked, shorter));
    }
    std::size_t loose = 0;
    double worst = 0;
    for (const GroupEnergy& group : groups) {
        if (group.joules <= 0 || group.half_width <= asked * group.joules) continue;
        ++loose;
        worst = std::max(worst, group.half_width / group.joules);
    }
    if (loose > 0) {
        profile.warnings.push_back(
            fmt::format("energy of {} of {} groups of layers is not known to the {:.2g} % asked for, of the worst to "
                        "+-{:.2g} %{}",
                        loose, groups.size(), 100 * asked, 100 * worst, shorter));
    }
}

void measure(EnergySession& session, const MeasuredWork& work, Profile& profile, const EnergyOptions& options) {
    const WindowPlan plan = planned_window(session, work, profile, options);
    const IdlePower before = session.idle(plan.length);
    const Windows whole = measure_whole(session, work, profile, options, plan.length, before);
    const std::vector<LayerRange> ranges = energy_groups(work, profile, options, plan.length);
    std::vector<GroupEnergy> groups;
    if (ranges.size() > 1) groups = measure_groups(session, work, ranges, options, plan, before.mean);
    const IdlePower after = session.idle(plan.length);

    EnergyReading gross = whole.last;
    gross.joules = Joules(whole.mean());
    gross.uncertainty = Joules(whole.half_width());
    const NetEnergy net = net_of_idle(gross, whole.pass, before, after);
    if (groups.empty()) {
        groups.push_back({{0, profile.layers.size()},
                          net.net.joules.value(),
                          net.net.uncertainty.value(),
                          repetitions_for(profile.whole_median, plan.length)});
    }
    const double reached = std::abs(net.net.uncertainty / net.net.joules);
    profile.environment["energy-whole-gross"] = number_text(gross.joules.value()) + "J";
    profile.environment["energy-whole-net"] = number_text(net.net.joules.value()) + "J";
    profile.environment["energy-idle-before"] = number_text(before.mean.value()) + "W";
    profile.environment["energy-idle-after"] = number_text(after.mean.value()) + "W";
    profile.environment["energy-windows-of-whole"] = std::to_string(whole.joules_per_pass.size());
    profile.environment["energy-relative-uncertainty"] = fmt::format("{:.4f}", reached);
    if (net.net.joules.value() <= 0) {
        throw NoJoules(fmt::format("a pass uses {} net of idle: not above the machine at rest",
                                   number_text(net.net.joules.value()) + " J"));
    }
    warn_of_uncertainty(profile, options, plan, reached, groups);
    const double sum = std::accumulate(groups.begin(), groups.end(), 0.0,
                                       [](double joules, const GroupEnergy& group) { return joules + group.joules; });
    profile.environment["energy-groups-over-whole"] = fmt::format("{:.4f}", sum / net.net.joules.value());
    profile.meter = conditions_text(net.net, plan, groups.size(), reached);
    if (const std::size_t without = apportion_energy(profile, groups, net.net); without > 0) {
        profile.warnings.push_back(
            fmt::format("{} groups of layers are not above idle power: no energy there", without));
    }
}

}  // namespace

std::size_t apportion_energy(Profile& profile, std::span<const GroupEnergy> groups, const EnergyReading& whole) {
    double sum = 0;
    for (const GroupEnergy& group : groups) sum += std::max(group.joules, 0.0);
    const double scale = sum > 0 ? whole.joules.value() / sum : 0;
    const double whole_relative = whole.uncertainty / whole.joules;
    std::size_t without = 0;
    for (const GroupEnergy& group : groups) {
        double time = 0;
        for (std::size_t row = group.rows.first; row < group.rows.end; ++row) {
            time += static_cast<double>(profile.layers[row].latency_median.count());
        }
        without += group.joules <= 0;
        const std::size_t rows = group.rows.end - group.rows.first;
        for (std::size_t row = group.rows.first; row < group.rows.end; ++row) {
            LayerProfile& layer = profile.layers[row];
            layer.energy.reset();
            if (group.joules <= 0) continue;
            const double share =
                time > 0 ? static_cast<double>(layer.latency_median.count()) / time : 1.0 / static_cast<double>(rows);
            EnergyReading reading = whole;
            reading.joules = Joules(group.joules * scale * share);
            reading.uncertainty = reading.joules * std::hypot(group.half_width / group.joules, whole_relative);
            if (rows > 1) reading.source += fmt::format(", {} layers by time", rows);
            layer.energy = reading;
        }
    }
    return without;
}

void measure_layer_energy(const MeasuredWork& work, Profile& profile, const EnergyOptions& options,
                          const ProfilerProgress& progress) {
    if (options.meter == nullptr) return;
    EnergySession session(options, work, progress);
    try {
        measure(session, work, profile, options);
    } catch (const NoJoules& problem) {
        profile.warnings.push_back(
            fmt::format("{} gave no joules, energy is estimated: {}", options.meter->name(), problem.what()));
    }
    for (const std::string& flag : session.flags()) profile.warnings.push_back("energy: " + flag);
}

namespace {

/// Stages of a model one after the other, each fed with what the one before made.
class StagesInTurn {
public:
    StagesInTurn(const Model& model, std::string folder)
        : model_(model), folder_(std::move(folder)), inputs_(model.inputs()) {}

    /// One pass, without its outputs; good until the next stage is asked for.
    std::function<void()> pass_of(const LayerRange& rows) {
        if (stage_) inputs_ = stage_->run(inputs_);
        const std::string path = fmt::format("{}/energy-{}-{}.pt", folder_, rows.first, rows.end);
        model_.extract_stage(rows, path);
        stage_ = StageModule::load(path, model_.execution() == "optimised");
        std::remove(path.c_str());
        views_.clear();
        for (const HostTensor& tensor : inputs_) {
            views_.push_back({tensor.dtype, tensor.shape, tensor.content.data(), tensor.content.size()});
        }
        return [this] { stage_->run(views_, [](const std::vector<StageModule::TensorView>&) {}); };
    }

private:
    const Model& model_;
    std::string folder_;
    std::vector<HostTensor> inputs_;
    std::optional<StageModule> stage_;
    std::vector<StageModule::TensorView> views_;
};

}  // namespace

void measure_layer_energy(Model& model, Profile& profile, const EnergyOptions& options,
                          const ProfilerProgress& progress) {
    StagesInTurn stages(model, options.folder);
    MeasuredWork work{[&] { model.run_once(); }, {}, raw_time};
    if (!options.folder.empty()) work.group = [&](const LayerRange& rows) { return stages.pass_of(rows); };
    measure_layer_energy(work, profile, options, progress);
}

}  // namespace carbonedge
