#include "tools/profile/meters_command.h"

#include "lib/base/atomic_file.h"
#include "lib/measure/machine.h"
#include "lib/measure/power_table.h"
#include "lib/measure/sensors/meter_survey.h"
#include "lib/units/text.h"
#include "tools/profile/power_curve.h"

#include <fmt/format.h>
#include <algorithm>
#include <ostream>

namespace carbonedge {
namespace {

/// Long enough for a hundred updates of RAPL.
constexpr Nanoseconds kTrialWindow{200'000'000};

std::string power_of(const SurveyedSource& source) {
    if (!source.power) return "-";
    return fmt::format("{} +- {}", power_text(*source.power), power_text(source.uncertainty.value_or(Watts(0))));
}

std::string text_of(const MeterSurvey& survey) {
    std::string text =
        fmt::format("{:<11} {:<13} {:<24} {:<20} {}\n", "source", "status", "covers", "power now", "found");
    for (const SurveyedSource& source : survey.sources) {
        const std::string status =
            source.measures || !source.usable ? std::string(status_name(source.status)) : "estimate";
        text += fmt::format("{:<11} {:<13} {:<24} {:<20} {}\n", source.name, status, source.covers, power_of(source),
                            source.detail);
        if (!source.remedy.empty()) text += fmt::format("{:<11} remedy: {}\n", "", source.remedy);
    }
    for (const std::string& note : survey.notes) text += fmt::format("note: {}\n", note);
    text += survey.can_measure() ? "energy can be measured\n" : "energy can only be estimated\n";
    return text;
}

}  // namespace

SensorEnvironment sensors_of(const ProfileOptions& options) {
    SystemRoots roots;
    roots.sys = options.sysfs_root;
    return system_sensors(roots, power_curve(options));
}

ExitStatus meters_command(const ProfileOptions& options, std::ostream& out) {
    const MeterSurvey survey = survey_meters(sensors_of(options), kTrialWindow);
    const std::string text = options.standard.format == "json" ? write_meter_survey(survey) : text_of(survey);
    write_output(options.standard.output, options.standard.overwrite, text, out);
    return survey.can_measure() ? ExitStatus::kOk : ExitStatus::kInconclusive;
}

}  // namespace carbonedge
