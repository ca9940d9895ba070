#include "lib/profiler/layer_energy.h"

#include "lib/measure/clocks.h"
#include "lib/measure/window_plan.h"
#include "lib/profiler/cut_choice.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <set>
#include <stdexcept>

namespace carbonedge {
namespace {

constexpr int kIdleWindows = 3;
constexpr int kLeastWholeWindows = 5;
constexpr int kGroupWindows = 2;
constexpr int kWarmPasses = 3;

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
        double squares = 0;
        for (const double joules : joules_per_pass) squares += (joules - mean()) * (joules - mean());
        const double spread = count > 1 ? 2.8 * std::sqrt(squares / (count - 1) / count) : 0;
        return std::hypot(spread, own_half_width);
    }
};

class EnergySession {
public:
    EnergySession(const EnergyOptions& options, const ProfilerProgress& progress)
        : options_(options), progress_(progress) {}

    IdlePower idle(Nanoseconds window) {
        progress_("measuring idle power", 0);
        const IdleResult result = measure_idle(*options_.meter, kIdleWindows, window, options_.rest);
        note_flags();
        if (const auto* unavailable = std::get_if<EnergyUnavailable>(&result)) throw NoJoules(unavailable->reason);
        return std::get<IdlePower>(result);
    }

    void add_window(Windows& windows, std::int64_t repetitions, const std::function<void()>& work) {
        progress_("measuring energy", 0);
        const auto done = static_cast<double>(windows.joules_per_pass.size());
        const Nanoseconds begin = raw_time();
        options_.meter->start();
        for (std::int64_t i = 0; i < repetitions; ++i) work();
        const Nanoseconds end = raw_time();
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

Windows measure_whole(EnergySession& session, Model& model, const Profile& profile, const EnergyOptions& options,
                      Nanoseconds window) {
    Windows windows;
    const std::int64_t repetitions = repetitions_for(profile.whole_median, window);
    const Nanoseconds start = raw_time();
    while (true) {
        session.add_window(windows, repetitions, [&] { model.run_once(); });
        if (windows.joules_per_pass.size() < kLeastWholeWindows) continue;
        if (windows.half_width() <= options.relative_uncertainty * windows.mean()) break;
        if (raw_time() - start > options.budget / 3) break;
    }
    return windows;
}

std::vector<GroupEnergy> measure_groups(EnergySession& session, const Model& model,
                                        const std::vector<LayerRange>& ranges, const EnergyOptions& options,
                                        Nanoseconds window, Watts idle) {
    std::vector<GroupEnergy> groups;
    std::vector<HostTensor> inputs = model.inputs();
    for (const LayerRange& range : ranges) {
        const std::string path = fmt::format("{}/energy-{}-{}.pt", options.folder, range.first, range.end);
        model.extract_stage(range, path);
        StageModule stage = StageModule::load(path, model.execution() == "optimised");
        std::remove(path.c_str());
        std::vector<StageModule::TensorView> views;
        for (const HostTensor& tensor : inputs) {
            views.push_back({tensor.dtype, tensor.shape, tensor.content.data(), tensor.content.size()});
        }
        const auto work = [&] { stage.run(views, [](const std::vector<StageModule::TensorView>&) {}); };
        for (int pass = 0; pass < kWarmPasses; ++pass) work();
        const Nanoseconds begin = raw_time();
        work();
        GroupEnergy group;
        group.rows = range;
        group.repetitions = repetitions_for(raw_time() - begin, window);
        Windows windows;
        for (int i = 0; i < kGroupWindows; ++i) session.add_window(windows, group.repetitions, work);
        group.joules = windows.mean() - (idle * windows.pass).value();
        group.half_width = windows.own_half_width;
        groups.push_back(group);
        std::vector<HostTensor> outputs = stage.run(inputs);
        inputs = std::move(outputs);
    }
    return groups;
}

std::vector<LayerRange> energy_groups(const Profile& profile, const EnergyOptions& options, Nanoseconds window) {
    const std::vector<Cut> cuts = inner_legal_cuts(profile);
    const std::size_t most = options.folder.empty() ? 1 : cuts.size() + 1;
    return balanced_stages(profile, cuts, groups_within(options.budget / 2, window, kGroupWindows, most));
}

std::string conditions_text(const EnergyReading& net, const WindowPlan& plan, std::size_t groups, double reached) {
    return fmt::format("{} ({}; windows of {}, {} groups of layers; +-{:.2g} % of the whole)", net.source, net.boundary,
                       duration_text(to_seconds(plan.length)), groups, 100 * reached);
}

void measure(EnergySession& session, Model& model, Profile& profile, const EnergyOptions& options) {
    const Nanoseconds longest = options.budget / (2 * kIdleWindows + kLeastWholeWindows + 2 * kGroupWindows);
    const WindowPlan plan = plan_window(options.meter->update_period(), options.relative_uncertainty, longest);
    const IdlePower before = session.idle(plan.length);
    const Windows whole = measure_whole(session, model, profile, options, plan.length);
    const std::vector<LayerRange> ranges = energy_groups(profile, options, plan.length);
    std::vector<GroupEnergy> groups;
    if (ranges.size() > 1) groups = measure_groups(session, model, ranges, options, plan.length, before.mean);
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
    if (reached > options.relative_uncertainty) {
        profile.warnings.push_back(
            fmt::format("energy of the whole is known to +-{:.2g} %, not to the {:.2g} % asked for{}", 100 * reached,
                        100 * options.relative_uncertainty,
                        plan.reaches ? ""
                                     : fmt::format(": windows of {} fit into the time, the meter's updates need {}",
                                                   duration_text(to_seconds(plan.length)),
                                                   duration_text(to_seconds(options.meter->update_period()) /
                                                                 options.relative_uncertainty))));
    }
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

void measure_layer_energy(Model& model, Profile& profile, const EnergyOptions& options,
                          const ProfilerProgress& progress) {
    if (options.meter == nullptr) return;
    EnergySession session(options, progress);
    try {
        measure(session, model, profile, options);
    } catch (const NoJoules& problem) {
        profile.warnings.push_back(
            fmt::format("{} gave no joules, energy is estimated: {}", options.meter->name(), problem.what()));
    }
    for (const std::string& flag : session.flags()) profile.warnings.push_back("energy: " + flag);
}

}  // namespace carbonedge
