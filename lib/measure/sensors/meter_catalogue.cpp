#include "lib/measure/sensors/meter_catalogue.h"

#include "lib/base/errors.h"
#include "lib/measure/sensors/counter_meter.h"
#include "lib/measure/sensors/hwmon_energy.h"
#include "lib/measure/sensors/ina_sensors.h"
#include "lib/measure/sensors/meter_remedies.h"
#include "lib/measure/sensors/nvml.h"
#include "lib/measure/sensors/powercap_bank.h"
#include "lib/measure/sensors/powercap_tree.h"
#include "lib/measure/sensors/sampling_meter.h"
#include "lib/measure/sensors/tegrastats_meter.h"

#include <fmt/format.h>
#include <algorithm>
#include <cerrno>

namespace carbonedge {
namespace {

bool is_denied(int error) { return error == EACCES || error == EPERM; }

bool tells_denied(const std::string& problem) {
    return problem.find("permission denied") != std::string::npos ||
           problem.find("operation not permitted") != std::string::npos ||
           problem.find("Insufficient Permissions") != std::string::npos;  // NVML's words
}

SourceStatus status_of(const std::string& problem) {
    return tells_denied(problem) ? SourceStatus::kDenied : SourceStatus::kBroken;
}

/// Names of the summed domains and the first problem among them, put into a source.
void describe_bank(const CounterBank& bank, MeterSource& source) {
    std::string names;
    for (const CounterDomain& domain : bank.domains()) {
        if (domain.role != CounterRole::kSummed) continue;
        names += (names.empty() ? "" : ", ") + domain.name;
        if (domain.problem.empty() || source.status != SourceStatus::kOk) continue;
        const std::size_t remedy = domain.problem.find("; ");
        source.status = status_of(domain.problem);
        source.detail = domain.problem.substr(0, remedy);
        if (remedy != std::string::npos) source.remedy = domain.problem.substr(remedy + 2);
    }
    if (source.status == SourceStatus::kOk) source.detail = names;
}

std::unique_ptr<EnergyMeter> counter_source(const std::shared_ptr<CounterBank>& bank, MeterClock& clock) {
    return make_sampling_meter(make_counter_meter(bank, clock));
}

MeterSource rapl_source(const SensorEnvironment& environment, const PowercapTree& tree) {
    MeterSource source;
    source.name = "rapl";
    source.covers = "package+dram";
    if (tree.presence != PowercapPresence::kPresent) {
        source.status = tree.presence == PowercapPresence::kMasked   ? SourceStatus::kMasked
                        : tree.presence == PowercapPresence::kDenied ? SourceStatus::kDenied
                                                                     : SourceStatus::kAbsent;
        source.detail = tree.detail;
        source.remedy = powercap_remedy(tree.presence);
        return source;
    }
    source.status = SourceStatus::kOk;
    const auto bank = make_powercap_bank(environment.files, tree);
    describe_bank(*bank, source);
    for (const PowercapZone& zone : tree.zones) {
        if (source.status != SourceStatus::kOk || !zone.failure || !zone.duplicate_of.empty()) continue;
        source.status = is_denied(zone.failure->code)  ? SourceStatus::kDenied
                        : zone.failure->code == ENOENT ? SourceStatus::kMasked
                                                       : SourceStatus::kBroken;
        source.detail = failure_text(*zone.failure);
        source.remedy = powercap_remedy(*zone.failure);
    }
    source.make = [bank, clock = environment.clock] { return counter_source(bank, *clock); };
    return source;
}

MeterSource perf_source(const SensorEnvironment& environment, const PowercapTree& tree) {
    MeterSource source;
    source.name = "perf";
    source.covers = "package+dram";
    const PowerPmu pmu = read_power_pmu(*environment.files);
    source.detail = pmu.detail;
    if (!pmu.present) {
        return source;
    }
    source.status = SourceStatus::kOk;
    if (!pmu.detail.empty()) {
        source.status = status_of(pmu.detail);
        return source;
    }
    const auto bank = make_power_pmu_bank(environment.perf, *environment.files, pmu, tree);
    describe_bank(*bank, source);
    source.make = [bank, clock = environment.clock] { return counter_source(bank, *clock); };
    return source;
}

MeterSource amd_source(const SensorEnvironment& environment) {
    MeterSource source;
    source.name = "amd-energy";
    source.covers = "package";
    const auto counters = find_amd_energy(*environment.files);
    if (counters.empty()) {
        source.detail = "no amd_energy chip in /sys/class/hwmon";
        return source;
    }
    source.status = SourceStatus::kOk;
    const auto bank = make_amd_energy_bank(*environment.files, counters);
    describe_bank(*bank, source);
    source.make = [bank, clock = environment.clock] { return counter_source(bank, *clock); };
    return source;
}

MeterSource ina_source(const SensorEnvironment& environment) {
    MeterSource source;
    source.name = "ina";
    source.covers = "module-input";
    const InaSearch search = find_ina_channels(*environment.files);
    if (search.channels.empty()) {
        source.detail = search.problems.empty() ? "no INA power monitor" : search.problems.front();
        if (!search.problems.empty()) source.status = status_of(search.problems.front());
        return source;
    }
    const auto sensors = make_ina_sensors(environment.files, search);
    const auto rule = sensors->rule();
    if (const auto* problem = std::get_if<std::string>(&rule)) {
        source.status = SourceStatus::kBroken;
        source.detail = *problem;
        return source;
    }
    source.status = SourceStatus::kOk;
    source.covers = std::get<BoardRule>(rule).boundary;
    source.detail = std::get<BoardRule>(rule).board;
    source.make = [sensors, interval = environment.sampling_interval, clock = environment.clock] {
        return make_sampling_meter(make_rail_meter(sensors, interval, *clock), interval);
    };
    return source;
}

MeterSource tegrastats_source(const SensorEnvironment& environment) {
    MeterSource source;
    source.name = "tegrastats";
    source.covers = "module-input";
    if (environment.files->kind(environment.tegrastats) != EntryKind::kFile) {
        source.detail = environment.tegrastats + " is not there";
        return source;
    }
    source.status = SourceStatus::kOk;
    source.detail = environment.tegrastats;
    source.make = [program = environment.tegrastats, interval = environment.tegrastats_interval,
                   clock = environment.clock] {
        const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(interval).count();
        return make_tegrastats_meter(run_for_lines({program, "--interval", std::to_string(milliseconds)}), interval,
                                     interval * 5 + std::chrono::seconds(2), *clock);
    };
    return source;
}

MeterSource nvml_source(const SensorEnvironment& environment) {
    MeterSource source;
    source.name = "nvml";
    source.covers = "gpu";
    auto loaded = NvmlLibrary::load(environment.nvml_library);
    if (const auto* problem = std::get_if<std::string>(&loaded)) {
        source.detail = *problem;
        if (tells_denied(*problem)) source.status = SourceStatus::kDenied;
        return source;
    }
    const auto library = std::get<std::shared_ptr<NvmlLibrary>>(loaded);
    std::string names;
    for (const auto& device : library->devices()) names += (names.empty() ? "" : ", ") + device.name;
    source.detail = names;
    source.status = SourceStatus::kOk;
    if (library->all_have_counters()) {
        source.make = [library, clock = environment.clock] { return counter_source(make_nvml_bank(library), *clock); };
        return source;
    }
    const auto sensors = make_nvml_power_sensors(library);
    const auto rule = sensors->rule();
    if (const auto* problem = std::get_if<std::string>(&rule)) {
        source.status = tells_denied(*problem) ? SourceStatus::kDenied : SourceStatus::kAbsent;
        source.detail = *problem;
        if (source.status == SourceStatus::kAbsent) source.remedy = "on a Jetson use ina or tegrastats";
        return source;
    }
    source.detail += ": no energy counter, power is integrated";
    source.make = [sensors, interval = environment.sampling_interval, clock = environment.clock] {
        return make_sampling_meter(make_rail_meter(sensors, interval, *clock), interval);
    };
    return source;
}

MeterSource model_source(const SensorEnvironment& environment) {
    MeterSource source;
    source.name = "model";
    source.measures = false;
    source.status = SourceStatus::kOk;
    const auto make = [curve = environment.model] { return make_model_meter(curve); };
    source.covers = make()->boundary();
    source.detail = fmt::format("CPU seconds x watts, +-{:.0f} %: {}", 100 * environment.model.relative_uncertainty,
                                environment.model.source);
    source.make = make;
    return source;
}

}  // namespace

SensorEnvironment system_sensors(const SystemRoots& roots, const PowerCurve& model) {
    SensorEnvironment environment;
    environment.files = system_file_access(roots);
    environment.perf = system_perf_events();
    environment.model = model;
    return environment;
}

std::string_view status_name(SourceStatus status) {
    switch (status) {
        case SourceStatus::kOk:
            return "ok";
        case SourceStatus::kDenied:
            return "denied";
        case SourceStatus::kAbsent:
            return "absent";
        case SourceStatus::kMasked:
            return "masked";
        case SourceStatus::kZero:
            return "zero";
        case SourceStatus::kMirrored:
            return "mirrored";
        case SourceStatus::kFiltered:
            return "filtered";
        case SourceStatus::kUndersampled:
            return "undersampled";
        case SourceStatus::kBroken:
            break;
    }
    return "broken";
}

std::vector<MeterSource> find_meter_sources(const SensorEnvironment& environment) {
    const PowercapTree tree = read_powercap_tree(*environment.files);
    std::vector<MeterSource> sources = {rapl_source(environment, tree), perf_source(environment, tree),
                                        amd_source(environment),        ina_source(environment),
                                        tegrastats_source(environment), nvml_source(environment),
                                        model_source(environment)};
    for (MeterSource& source : sources) {
        if (source.remedy.empty()) source.remedy = source_remedy(source.name, source.status);
    }
    return sources;
}

bool works(const MeterSource& source) {
    return source.make != nullptr && (source.status == SourceStatus::kOk || source.status == SourceStatus::kMirrored ||
                                      source.status == SourceStatus::kFiltered);
}

}  // namespace carbonedge
