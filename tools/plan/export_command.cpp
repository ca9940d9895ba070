#include "tools/plan/export_command.h"

#include "lib/base/atomic_file.h"
#include "lib/exchange/kubernetes_manifests.h"
#include "lib/exchange/pipeedge_hosts.h"
#include "lib/exchange/pipeedge_schedule.h"
#include "lib/partition/plan_file.h"

#include <fmt/format.h>

namespace carbonedge {

ExitStatus export_command(const ExportOptions& options, std::istream& in, std::ostream& out) {
    const std::string name = options.input == "-" ? "standard input" : options.input;
    const Plan plan = read_plan(read_input(options.input, in), name);
    if (options.to == "kubernetes") {
        const KubernetesOptions kubernetes{options.image, options.namespace_name};
        write_output(options.standard.output, options.standard.overwrite,
                     write_kubernetes_manifests(plan, name, kubernetes), out);
        return ExitStatus::kOk;
    }
    if (plan.pipelines.size() != 1) {
        throw InputError(name, 0,
                         fmt::format("has {} pipelines; a schedule of PipeEdge is one", plan.pipelines.size()));
    }
    std::vector<std::string> hosts;
    if (!options.devices.empty()) {
        hosts = read_pipeedge_hosts(read_input(options.devices, in),
                                    options.devices == "-" ? "standard input" : options.devices);
    }
    write_output(options.standard.output, options.standard.overwrite,
                 write_pipeedge_schedule(plan.pipelines.front(), hosts), out);
    return ExitStatus::kOk;
}

}  // namespace carbonedge
