#include "tools/probe/probe_command.h"

#include "lib/runtime/probe.h"

#include <fmt/format.h>
#include <ostream>

namespace carbonedge {

ExitStatus probe_command(const ProbeToolOptions& options, std::ostream& out, std::ostream& err) {
    const ProbeVerdict verdict = probe(options.address, options.ready, options.timeout);
    if (!options.quiet) {
        if (verdict.ok) {
            out << verdict.state << "\n";
        } else {
            err << fmt::format("carbonedge-probe: {}: {}\n", options.address, verdict.state);
        }
    }
    return verdict.ok ? ExitStatus::kOk : ExitStatus::kNegativeVerdict;
}

}  // namespace carbonedge
