#include "tools/profile/meter_choice.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/measure/composite_meter.h"
#include "lib/measure/sensors/meter_catalogue.h"
#include "lib/measure/sensors/tegrastats_meter.h"
#include "tools/profile/meters_command.h"

#include <fmt/format.h>
#include <algorithm>
#include <vector>

namespace carbonedge {
namespace {

constexpr Nanoseconds kTrialWindow{100'000'000};
constexpr Nanoseconds kFirstLine{5'000'000'000};

/// Inference runs on the CPU: a GPU's own energy is measured where it is asked for, not by "auto".
bool fits_auto(const MeterSource& source) { return source.measures && source.name != "nvml"; }

/// Empty, or why a short window gives no joules.
std::string try_meter(EnergyMeter& meter, MeterClock& clock) {
    meter.start();
    clock.pause(std::max(kTrialWindow, 2 * meter.update_period()));
    const EnergyResult result = meter.stop();
    const auto* unavailable = std::get_if<EnergyUnavailable>(&result);
    return unavailable == nullptr ? "" : unavailable->reason;
}

std::unique_ptr<EnergyMeter> named_meter(const std::string& name, const SensorEnvironment& environment,
                                         const std::vector<MeterSource>& sources) {
    constexpr std::string_view kLines = "tegrastats:";
    if (name.compare(0, kLines.size(), kLines) == 0) {
        return make_tegrastats_meter(follow_lines(name.substr(kLines.size())), environment.tegrastats_interval,
                                     kFirstLine, *environment.clock);
    }
    const auto source =
        std::find_if(sources.begin(), sources.end(), [&](const MeterSource& one) { return one.name == name; });
    if (source == sources.end()) {
        std::vector<std::string> names = {"auto"};
        for (const MeterSource& one : sources) names.push_back(one.name);
        throw UsageError("--meter: " + unknown_name_message("energy source", name, names));
    }
    if (!works(*source)) {
        const std::string remedy = source->remedy.empty() ? "see carbonedge profile --meters" : source->remedy;
        throw EnvironmentError(fmt::format("--meter {}: {}", name, source->detail), remedy);
    }
    return source->make();
}

void add_reason(MeterChoice& choice, const MeterSource& source, const std::string& problem) {
    choice.reason += (choice.reason.empty() ? "" : "; ") + source.name + ": " + problem;
}

MeterChoice automatic(const SensorEnvironment& environment, const std::vector<MeterSource>& sources) {
    MeterChoice choice;
    for (const MeterSource& source : sources) {
        if (!fits_auto(source) || source.status == SourceStatus::kAbsent) continue;
        if (!works(source)) {
            add_reason(choice, source, source.detail + (source.remedy.empty() ? "" : " (" + source.remedy + ")"));
            continue;
        }
        auto meter = source.make();
        const std::string problem = try_meter(*meter, *environment.clock);
        if (problem.empty()) {
            choice.meter = std::move(meter);
            choice.reason.clear();
            return choice;
        }
        add_reason(choice, source, problem);
    }
    return choice;
}

}  // namespace

MeterChoice choose_meter(const ProfileOptions& options) {
    MeterChoice choice;
    if (options.meter == "model") return choice;
    const SensorEnvironment environment = sensors_of(options);
    const std::vector<MeterSource> sources = find_meter_sources(environment);
    if (options.meter == "auto") return automatic(environment, sources);
    std::vector<std::unique_ptr<EnergyMeter>> meters;
    std::string rest = options.meter;
    while (true) {
        const std::size_t plus = rest.find('+');
        meters.push_back(named_meter(rest.substr(0, plus), environment, sources));
        if (plus == std::string::npos) break;
        rest.erase(0, plus + 1);
    }
    choice.meter = meters.size() == 1 ? std::move(meters.front()) : make_composite_meter(std::move(meters));
    if (const std::string problem = try_meter(*choice.meter, *environment.clock); !problem.empty()) {
        throw EnvironmentError(fmt::format("--meter {}: {}", options.meter, problem),
                               "see carbonedge profile --meters");
    }
    return choice;
}

}  // namespace carbonedge
