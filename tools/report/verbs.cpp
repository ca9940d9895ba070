#include "tools/report/verbs.h"

#include "tools/report/intensity_command.h"
#include "tools/report/options.h"
#include "tools/report/report_command.h"

#include <string_view>

namespace carbonedge {

extern const std::string_view help_page;
extern const std::string_view intensity_help_page;

ExitStatus report_or_verb(int argc, const char* const* argv, std::istream& in, std::ostream& out, std::ostream& err) {
    if (argc > 1 && std::string_view(argv[1]) == "intensity") {
        IntensityOptions options;
        const bool go_on = parse_intensity_options(argc - 1, argv + 1, intensity_help_page, out, err, options);
        return go_on ? intensity(options, in, out, err) : ExitStatus::kOk;
    }
    const auto options = parse_report_options(argc, argv, help_page, out, err);
    return options ? report(*options, in, out, err) : ExitStatus::kOk;
}

}  // namespace carbonedge
