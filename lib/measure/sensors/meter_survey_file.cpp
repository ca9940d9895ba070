#include "lib/formats/json.h"
#include "lib/measure/sensors/meter_survey.h"

#include <nlohmann/json.hpp>

namespace carbonedge {

std::string write_meter_survey(const MeterSurvey& survey) {
    nlohmann::ordered_json document;
    document["schema"] = "carbonedge.meters/1";
    document["can_measure"] = survey.can_measure();
    document["notes"] = survey.notes;
    document["sources"] = nlohmann::ordered_json::array();
    for (const SurveyedSource& source : survey.sources) {
        nlohmann::ordered_json entry;
        entry["name"] = source.name;
        entry["status"] = std::string(status_name(source.status));
        entry["usable"] = source.usable;
        entry["provenance"] = source.measures ? "measured" : "estimated";
        entry["boundary"] = source.covers;
        entry["detail"] = source.detail;
        if (!source.remedy.empty()) entry["remedy"] = source.remedy;
        if (source.update_period.count() > 0) entry["update_period_ns"] = source.update_period.count();
        if (source.power) entry["power_watts"] = source.power->value();
        if (source.uncertainty) entry["power_uncertainty_watts"] = source.uncertainty->value();
        document["sources"].push_back(std::move(entry));
    }
    return write_json(document);
}

}  // namespace carbonedge
