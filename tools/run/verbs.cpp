#include "tools/run/verbs.h"

#include "tools/run/calibrate_command.h"
#include "tools/run/certificates_command.h"
#include "tools/run/options.h"
#include "tools/run/run_command.h"

#include <string_view>

namespace carbonedge {

extern const std::string_view help_page;
extern const std::string_view certificates_help_page;

ExitStatus run_or_verb(int argc, const char* const* argv, std::istream& in, std::ostream& out, std::ostream& err) {
    if (argc > 1 && std::string_view(argv[1]) == "certificates") {
        CertificatesOptions options;
        if (!parse_certificates_options(argc - 1, argv + 1, certificates_help_page, out, err, options))
            return ExitStatus::kOk;
        return certificates_command(options, in, out, err);
    }
    const auto options = parse_run_options(argc, argv, help_page, out, err);
    if (!options) return ExitStatus::kOk;
    return options->calibrate ? calibrate_command(*options, in, out, err) : run_command(*options, in, out, err);
}

}  // namespace carbonedge
