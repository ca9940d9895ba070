#include "tools/run/calibrate_command.h"

#include "lib/base/atomic_file.h"
#include "lib/cluster/cluster_file.h"
#include "lib/runtime/calibration.h"
#include "lib/runtime/stop_on_signal.h"
#include "lib/units/text.h"
#include "tools/run/run_command.h"

#include <fmt/format.h>
#include <unistd.h>
#include <istream>
#include <ostream>

namespace carbonedge {
namespace {

std::string time_text(double nanoseconds) { return duration_text(Seconds(nanoseconds * 1e-9)); }

void show(const Calibration& calibration, std::ostream& err) {
    err << fmt::format("{:>10}  {:>10}  {:>10}  {:>12}\n", "message", "hop", "send CPU", "receive CPU");
    for (const TransportSample& sample : calibration.samples) {
        err << fmt::format("{:>10}  {:>10}  {:>10}  {:>12}\n", bytes_text(sample.bytes), time_text(sample.hop_ns),
                           time_text(sample.send_cpu_ns), time_text(sample.receive_cpu_ns));
    }
    const TransportCost& cost = calibration.cost;
    err << fmt::format("hop {} + {:.3g} ns/B, sending {} + {:.3g} ns/B CPU, receiving {} + {:.3g} ns/B CPU\n",
                       time_text(cost.fixed_ns), cost.per_byte_ns, time_text(cost.send_cpu_fixed_ns),
                       cost.send_cpu_per_byte_ns, time_text(cost.receive_cpu_fixed_ns), cost.receive_cpu_per_byte_ns);
}

}  // namespace

ExitStatus calibrate_command(const RunToolOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    const StopOnSignal stop;
    check_output(options.output, options.overwrite);
    Cluster cluster = read_cluster(read_input(options.cluster, in),
                                   options.cluster == "-" ? "standard input" : options.cluster, keep_intensity_name);
    CalibrationOptions calibration_options;
    calibration_options.engine = engine_options(options);
    std::function<void(std::size_t, std::size_t)> progress;
    if (!options.quiet && ::isatty(STDERR_FILENO) == 1) {
        progress = [&err](std::size_t done, std::size_t of) {
            err << "\r" << done << " of " << of << " measurements" << (done == of ? "\n" : "") << std::flush;
        };
    }
    const Calibration calibration = calibrate_transport(cluster, calibration_options, progress, stop.token());
    cluster.transport = calibration.cost;
    write_output(options.output, options.overwrite, write_cluster(cluster), out);
    if (!options.quiet) show(calibration, err);
    return ExitStatus::kOk;
}

}  // namespace carbonedge
