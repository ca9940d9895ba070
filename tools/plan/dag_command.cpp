#include "tools/plan/dag_command.h"

#include "lib/base/atomic_file.h"
#include "lib/dag/dnn_partitioning_file.h"
#include "lib/dag/graph_plan_file.h"
#include "lib/planner/graph_planner.h"
#include "lib/units/text.h"
#include "lib/verify/verify_graph.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace carbonedge {
namespace {

std::string bound_text(const GraphPlan& plan, const GraphVerification& verification) {
    const GraphCertificate& certificate = plan.certificate;
    const std::string claim = certificate.proven_optimal
                                  ? "proven least"
                                  : fmt::format("at least {} by proof: gap {:.2f} %",
                                                duration_text(certificate.lower_bound), 100 * certificate.gap);
    const std::string again = verification.bound_repeated
                                  ? "found again by the verification"
                                  : fmt::format("too large to find again, all work on all devices allows {}",
                                                duration_text(verification.work_bound));
    return fmt::format("{} ({}; {})", claim, certificate.method, again);
}

std::string summary(const GraphPlan& plan, const GraphVerification& verification) {
    std::string text = fmt::format("graph {}: {} operations, {} of {} accelerators and {} of {} cpus used\n",
                                   plan.graph.name, plan.graph.operations.size(),
                                   std::count_if(plan.devices.begin(), plan.devices.end(),
                                                 [](const GraphDevice& device) { return device.accelerator; }),
                                   plan.graph.accelerators,
                                   std::count_if(plan.devices.begin(), plan.devices.end(),
                                                 [](const GraphDevice& device) { return !device.accelerator; }),
                                   plan.graph.cpus);
    text += fmt::format("  {:<12} {:>10} {:>9} {:>9}\n", "device", "operations", "load", "memory");
    for (const GraphDevice& device : plan.devices) {
        text += fmt::format("  {:<12} {:>10} {:>9} {:>9}\n", device.accelerator ? "accelerator" : "cpu",
                            device.operations.size(), duration_text(device.load), bytes_text(device.memory));
    }
    text += fmt::format("  bottleneck {} ms, {}\n", number_text(std::round(plan.certificate.value.count() * 1e7) / 1e4),
                        bound_text(plan, verification));
    const double one_order = best_load_of_execution_order(plan.graph);
    text += std::isinf(one_order)
                ? "  in one order: cutting the file's own order at positions gives no plan\n"
                : fmt::format("  in one order: cutting the file's own order at positions gives {} ms, {:.2f} % more\n",
                              number_text(std::round(one_order * 1e7) / 1e4),
                              one_order > 0 ? 100 * (one_order / plan.certificate.value.count() - 1) : 0);
    return text;
}

}  // namespace

ExitStatus dag_command(const DagOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    check_output(options.standard.output, options.standard.overwrite);
    OperationGraph graph =
        read_dnn_partitioning(read_input(options.input, in), options.input == "-" ? "standard input" : options.input);
    if (options.accelerators) graph.accelerators = *options.accelerators;
    if (options.cpus) graph.cpus = *options.cpus;
    if (options.memory) graph.accelerator_memory = *options.memory;
    if (graph.accelerators + graph.cpus == 0) {
        throw UsageError("there is no device, expected --accelerators or --cpus of at least 1");
    }
    const GraphPlanOrInfeasibility outcome = plan_graph(graph);
    if (const auto* infeasibility = std::get_if<GraphInfeasibility>(&outcome)) {
        err << "carbonedge-plan: " << (infeasibility->proven ? "infeasible: " : "undecided: ")
            << infeasibility->explanation << "\n";
        return infeasibility->proven ? ExitStatus::kNegativeVerdict : ExitStatus::kInconclusive;
    }
    const GraphPlan& plan = std::get<GraphPlan>(outcome);
    const GraphVerification verification = verify_graph_plan(plan);
    if (!verification.passed()) {
        throw std::logic_error("the plan fails its verification: " + verification.breaches.front());
    }
    write_output(options.standard.output, options.standard.overwrite, write_graph_plan(plan), out);
    if (!options.standard.quiet) err << summary(plan, verification);
    return ExitStatus::kOk;
}

ExitStatus verify_graph_command(std::string_view text, const std::string& file, std::string& report) {
    const GraphPlan plan = read_graph_plan(text, file);
    const GraphVerification verification = verify_graph_plan(plan);
    for (const std::string& breach : verification.breaches) report += "breach: " + breach + "\n";
    if (verification.passed()) {
        report = fmt::format("graph plan of {} holds: bottleneck {} s, {}\n", plan.graph.name,
                             number_text(verification.value.count()), bound_text(plan, verification));
    }
    return verification.passed() ? ExitStatus::kOk : ExitStatus::kNegativeVerdict;
}

}  // namespace carbonedge
