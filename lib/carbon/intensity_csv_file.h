#pragma once

#include "lib/carbon/intensity_file.h"

#include <string>
#include <string_view>

namespace carbonedge {

/// Electricity Maps CSV of any generation; see read_intensity().
IntensitySeries read_intensity_csv(std::string_view text, const std::string& file, const IntensityChoice& choice);
/// The JSON answers of the services; see read_intensity().
IntensitySeries read_intensity_json(std::string_view text, const std::string& file, const IntensityChoice& choice);
/// carbonedge.intensity/1; see read_intensity().
IntensitySeries read_own_intensity(std::string_view text, const std::string& file, const IntensityChoice& choice);

}  // namespace carbonedge
