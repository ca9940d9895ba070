#include "tools/profile/verbs.h"

#include "tools/profile/profile_command.h"
#include "tools/profile/transport_command.h"

#include <string_view>

namespace carbonedge {

extern const std::string_view help_page;
extern const std::string_view transport_help_page;

ExitStatus profile_or_verb(int argc, const char* const* argv, std::istream& in, std::ostream& out, std::ostream& err) {
    if (argc > 1 && std::string_view(argv[1]) == "transport") {
        TransportOptions options;
        const bool go_on = parse_transport_options(argc - 1, argv + 1, transport_help_page, out, err, options);
        return go_on ? transport_command(options, in, out, err) : ExitStatus::kOk;
    }
    ProfileOptions options;
    if (!parse_profile_options(argc, argv, help_page, out, err, options)) return ExitStatus::kOk;
    return profile_command(options, {argv, argv + argc}, out, err);
}

}  // namespace carbonedge
