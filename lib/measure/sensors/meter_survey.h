#pragma once

#include "lib/measure/sensors/meter_catalogue.h"

#include <string>
#include <vector>

namespace carbonedge {

/// One source after it has been tried.
struct SurveyedSource {
    std::string name;
    std::string covers;
    SourceStatus status = SourceStatus::kAbsent;
    std::string detail;
    std::string remedy;
    bool measures = true;
    bool usable = false;
    Nanoseconds update_period{0};  ///< as stated; 0: continuous or unknown
    std::optional<Watts> power;    ///< mean over the trial window
    std::optional<Watts> uncertainty;
};

/// What a machine can tell of its energy, and why not more.
struct MeterSurvey {
    std::vector<SurveyedSource> sources;
    std::vector<std::string> notes;  ///< "virtual machine (hypervisor flag): ..."
    /// True where a source that measures, and does not only estimate, works.
    [[nodiscard]] bool can_measure() const;
};

/// Finds all sources and measures a window of `length` with each that is there.
MeterSurvey survey_meters(const SensorEnvironment& environment, Nanoseconds length);

/// JSON, schema carbonedge.meters/1.
std::string write_meter_survey(const MeterSurvey& survey);

}  // namespace carbonedge
