#include "lib/measure/sensors/meter_survey.h"

#include "lib/base/errors.h"
#include "lib/measure/sensors/counter_meter.h"
#include "lib/measure/sensors/meter_remedies.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>

namespace carbonedge {
namespace {

/// MISC_PACKAGE_CTLS; its bit 0 says that energy counters are blurred (INTEL-SA-00389), by up to half their steps.
constexpr std::uint64_t kFilterRegister = 0xBC;

enum class Filter { kOff, kOn, kPossible };

Filter energy_filter(FileAccess& files, const std::string& cpuinfo) {
    if (const auto bits = files.read_register("/dev/cpu/0/msr", kFilterRegister)) {
        return (*bits & 1U) != 0 ? Filter::kOn : Filter::kOff;
    }
    return cpuinfo.find(" sgx") != std::string::npos ? Filter::kPossible : Filter::kOff;
}

bool begins(const std::string& text, std::string_view start) { return text.compare(0, start.size(), start) == 0; }

void judge(const EnergyResult& result, const WindowDetail& detail, SurveyedSource& surveyed) {
    if (const auto* unavailable = std::get_if<EnergyUnavailable>(&result)) {
        const std::string& reason = unavailable->reason;
        const auto tells = [&](std::string_view words) { return reason.find(words) != std::string::npos; };
        const bool seldom = tells("undersampled") || tells("power sample") || tells("no line came");
        surveyed.status = begins(reason, "zero-counter") ? SourceStatus::kZero
                          : tells("permission denied")   ? SourceStatus::kDenied
                          : seldom                       ? SourceStatus::kUndersampled
                                                         : SourceStatus::kBroken;
        surveyed.detail = reason;
        return;
    }
    const auto& reading = std::get<EnergyReading>(result);
    const Seconds length = to_seconds(detail.length);
    surveyed.usable = true;
    surveyed.covers = reading.boundary;
    if (length.count() > 0) {
        surveyed.power = reading.joules / length;
        surveyed.uncertainty = reading.uncertainty / length;
    }
    for (const std::string& flag : detail.flags) {
        if (begins(flag, "mirrored")) surveyed.status = SourceStatus::kMirrored;
        if (begins(flag, "stalled")) surveyed.status = SourceStatus::kUndersampled;
        surveyed.detail += "; " + flag;
    }
}

SurveyedSource try_source(const MeterSource& source, const SensorEnvironment& environment, Nanoseconds length) {
    SurveyedSource surveyed;
    surveyed.name = source.name;
    surveyed.covers = source.covers;
    surveyed.status = source.status;
    surveyed.detail = source.detail;
    surveyed.remedy = source.remedy;
    surveyed.measures = source.measures;
    if (!works(source)) return surveyed;
    if (!source.measures) {
        surveyed.usable = true;
        return surveyed;
    }
    try {
        const auto meter = source.make();
        surveyed.update_period = meter->update_period();
        meter->start();
        environment.clock->pause(std::max(length, 3 * meter->update_period()));
        const EnergyResult result = meter->stop();
        judge(result, meter->window_detail(), surveyed);
    } catch (const EnvironmentError& problem) {
        const std::string text = problem.what();
        surveyed.status = text.find("Permission denied") != std::string::npos ? SourceStatus::kDenied  // strerror's
                                                                              : SourceStatus::kBroken;
        surveyed.detail = text.substr(0, text.find("; "));  // its remedy is for whoever named the program
    }
    return surveyed;
}

}  // namespace

bool MeterSurvey::can_measure() const {
    return std::any_of(sources.begin(), sources.end(),
                       [](const SurveyedSource& source) { return source.measures && source.usable; });
}

MeterSurvey survey_meters(const SensorEnvironment& environment, Nanoseconds length) {
    MeterSurvey survey;
    const auto read = read_text(*environment.files, "/proc/cpuinfo");
    const auto* text = std::get_if<std::string>(&read);
    const std::string cpuinfo = text == nullptr ? "" : *text;
    const bool is_virtual = cpuinfo.find(" hypervisor") != std::string::npos;
    if (is_virtual) {
        survey.notes.emplace_back(
            "virtual machine (hypervisor flag): it seldom sees the host's counters, and they would be the whole "
            "host's");
    }
    const Filter filter = energy_filter(*environment.files, cpuinfo);
    for (const MeterSource& source : find_meter_sources(environment)) {
        SurveyedSource surveyed = try_source(source, environment, length);
        const bool rapl = source.name == "rapl" || source.name == "perf";
        if (rapl && surveyed.usable && filter == Filter::kOn) {
            surveyed.status = SourceStatus::kFiltered;
            surveyed.detail += "; energy filtering is on (MSR 0xBC): single steps are blurred, long windows are not";
        } else if (rapl && surveyed.usable && filter == Filter::kPossible) {
            surveyed.detail += "; SGX is there: energy filtering may be on, and /dev/cpu/0/msr cannot be read";
        }
        if (surveyed.remedy.empty()) surveyed.remedy = source_remedy(surveyed.name, surveyed.status);
        survey.sources.push_back(std::move(surveyed));
    }
    return survey;
}

}  // namespace carbonedge
