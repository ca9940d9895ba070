#pragma once

#include <string_view>

namespace carbonedge {

/// The Vega-Lite files of this folder, compiled in.
extern const std::string_view layers_specification;
extern const std::string_view placement_specification;
extern const std::string_view timeline_specification;
extern const std::string_view waterfall_specification;
extern const std::string_view causes_specification;
extern const std::string_view tradeoff_specification;
extern const std::string_view prediction_specification;
extern const std::string_view intensity_specification;
extern const std::string_view gate_specification;
extern const std::string_view trend_specification;

}  // namespace carbonedge
