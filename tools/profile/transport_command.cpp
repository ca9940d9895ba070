#include "tools/profile/transport_command.h"

#include "lib/base/atomic_file.h"
#include "lib/cluster/cluster_file.h"
#include "lib/cluster/measured_link.h"
#include "lib/measure/machine.h"
#include "lib/measure/statistics.h"
#include "lib/report/renderers.h"
#include "lib/transport/certificate_files.h"
#include "lib/transport/line_fit.h"
#include "lib/transport/stream_gauge.h"
#include "lib/units/text.h"
#include "tools/cli/interrupt.h"
#include "tools/profile/scratch_folder.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>
#include <cmath>
#include <ctime>
#include <istream>
#include <memory>
#include <ostream>

namespace carbonedge {
namespace {

constexpr std::size_t kFewest = 5;
constexpr std::size_t kMost = 5000;

/// What one path took for one size.
struct SizeSamples {
    Bytes bytes;
    std::vector<double> one_way_ns;
    std::vector<double> sender_cpu_ns;  ///< one a round
    std::vector<double> receiver_cpu_ns;
};

/// A path with its other end running.
struct MeasuredPath {
    std::string name;
    std::unique_ptr<GaugePeer> peer;
    std::unique_ptr<FrameStream> stream;
    std::unique_ptr<StreamGauge> gauge;
    std::vector<SizeSamples> sizes;
};

StreamOptions between_hosts(const TransportOptions& options) {
    StreamOptions streams;
    streams.plain_text_across_hosts = options.plain_text;
    if (!options.tls.empty()) {
        streams.tls = TlsFiles{options.tls + "/ca.pem", options.tls + "/cert.pem", options.tls + "/key.pem"};
    }
    return streams;
}

/// Until it is killed; a peer that means ill ends nothing.
void answer_for_ever(const TransportOptions& options, std::ostream& out, std::ostream& err) {
    StreamOptions streams = between_hosts(options);
    const auto warn = [&](const std::string& line) {
        if (!options.standard.quiet) err << "carbonedge-profile: " << line << std::endl;
    };
    streams.warn = warn;
    const std::unique_ptr<FrameListener> listener = listen_for_frames(options.answer, streams);
    out << "ready " << listener->address() << std::endl;
    answer_gauges(*listener, warn);
}

StreamOptions stream_options(const std::string& folder, const std::vector<std::string>& paths) {
    StreamOptions options;
    if (std::find(paths.begin(), paths.end(), "tls") == paths.end()) return options;
    CertificateRequest request;
    request.cluster = "profile transport";
    request.subjects = {{"profile", {"127.0.0.1"}}};
    request.valid = std::chrono::days(1);
    request.authority_valid = std::chrono::days(2);
    write_certificates(folder + "/tls", request,
                       std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
    options.tls = tls_files(folder + "/tls", "profile");
    return options;
}

std::vector<MeasuredPath> start_paths(const TransportOptions& options, const std::string& folder) {
    std::vector<MeasuredPath> paths;
    if (!options.to.empty()) {
        MeasuredPath path;
        path.name = options.paths.front();
        path.stream = connect_frames(options.to, "the other end", between_hosts(options));
        path.gauge = std::make_unique<StreamGauge>(*path.stream);
        for (const Bytes size : options.sizes) path.sizes.push_back({size, {}, {}, {}});
        paths.push_back(std::move(path));
        return paths;
    }
    const StreamOptions streams = stream_options(folder, options.paths);
    for (const std::string& name : options.paths) {
        const bool by_file = name == "unix" || name == "shm";
        MeasuredPath path;
        path.name = name;
        path.peer = std::make_unique<GaugePeer>(
            fmt::format("{}:{}", name, by_file ? folder + "/" + name : "127.0.0.1:0"), streams);
        for (const Bytes size : options.sizes) path.sizes.push_back({size, {}, {}, {}});
        paths.push_back(std::move(path));
    }
    // After the last child has started: none inherits a connection.
    for (MeasuredPath& path : paths) {
        path.stream = connect_frames(path.peer->address(), "the other end", streams);
        path.gauge = std::make_unique<StreamGauge>(*path.stream);
    }
    return paths;
}

/// As many messages as `time` has room for.
std::size_t count_for(StreamGauge& gauge, std::size_t bytes, Nanoseconds time) {
    const double one = 2 * median(gauge.one_way_ns(bytes, kFewest));  // which also warms up
    const double room = std::ceil(static_cast<double>(time.count()) / std::max(one, 1.0));
    return static_cast<std::size_t>(std::clamp(room, double{kFewest}, double{kMost}));
}

void measure(std::vector<MeasuredPath>& paths, const TransportOptions& options, std::ostream& err) {
    const bool shown = !options.standard.quiet && ::isatty(STDERR_FILENO) == 1;
    for (std::size_t round = 0; round < options.rounds; ++round) {
        for (std::size_t size = 0; size < options.sizes.size(); ++size) {
            const auto bytes = static_cast<std::size_t>(options.sizes[size].value());
            // Paths take turns within a size, so that a disturbance meets them all.
            for (MeasuredPath& path : paths) {
                throw_if_interrupted();
                SizeSamples& samples = path.sizes[size];
                const std::size_t count = count_for(*path.gauge, bytes, options.time);
                const std::vector<double> times = path.gauge->one_way_ns(bytes, count);
                samples.one_way_ns.insert(samples.one_way_ns.end(), times.begin(), times.end());
                const StreamGauge::Cpu cpu = path.gauge->cpu(bytes, count);
                samples.sender_cpu_ns.push_back(cpu.sender_ns);
                samples.receiver_cpu_ns.push_back(cpu.receiver_ns);
            }
            if (shown) {
                const std::size_t done = round * options.sizes.size() + size + 1;
                const std::size_t of = options.rounds * options.sizes.size();
                err << fmt::format("\r{} of {} measurements{}", done, of, done == of ? "\n" : "") << std::flush;
            }
        }
    }
}

/// The path's own part of [transport]: a line through the medians of all sizes.
TransportCost cost_of(const MeasuredPath& path) {
    std::vector<std::pair<double, double>> hop;
    std::vector<std::pair<double, double>> send;
    std::vector<std::pair<double, double>> receive;
    for (const SizeSamples& samples : path.sizes) {
        const auto bytes = static_cast<double>(samples.bytes.value());
        hop.emplace_back(bytes, median(samples.one_way_ns));
        send.emplace_back(bytes, median(samples.sender_cpu_ns));
        receive.emplace_back(bytes, median(samples.receiver_cpu_ns));
    }
    const LineFit hop_line = fit_line(hop);
    const LineFit send_line = fit_line(send);
    const LineFit receive_line = fit_line(receive);
    // Each end takes a message and sends one, so the fixed parts are four times what one end of one message costs.
    const double fixed_cpu = (send_line.fixed + receive_line.fixed) / 4;
    const MachineDescription machine = describe_machine();
    return {hop_line.fixed,
            hop_line.per_byte,
            fixed_cpu,
            send_line.per_byte,
            fixed_cpu,
            receive_line.per_byte,
            fmt::format("profile transport {} {:%Y-%m-%dT%H:%M:%SZ} on {}, {}", path.name,
                        fmt::gmtime(std::time(nullptr)), machine.cpu_text(), machine.machine_text())};
}

Nanoseconds whole(double nanoseconds) { return Nanoseconds(static_cast<std::int64_t>(std::llround(nanoseconds))); }

Document describe(const std::vector<MeasuredPath>& paths) {
    Table sizes{"sizes",
                "A message between two processes of this machine",
                {{"path", "path", Unit::kText, ""},
                 {"message", "message", Unit::kSize, ""},
                 {"one_way_median", "one way", Unit::kTime, "time"},
                 {"one_way_q1", "q1", Unit::kTime, "time"},
                 {"one_way_q3", "q3", Unit::kTime, "time"},
                 {"one_way_least", "least", Unit::kTime, "time"},
                 {"messages", "messages", Unit::kCount, ""},
                 {"sender_cpu", "sender CPU", Unit::kTime, "cpu"},
                 {"receiver_cpu", "receiver CPU", Unit::kTime, "cpu"}},
                {},
                {"one way: half of a round trip, both ways the whole message; medians and quartiles over all messages",
                 "CPU: of each process for a message and an empty answer, median over the rounds; messages follow each "
                 "other at once, in warm caches"}};
    Table lines{"lines",
                "As the cost model takes it: a fixed part and one per byte",
                {{"path", "path", Unit::kText, ""},
                 {"fixed_ns", "hop, ns", Unit::kNumber, ""},
                 {"per_byte_ns", "ns per byte", Unit::kNumber, ""},
                 {"send_cpu_fixed_ns", "sending CPU, ns", Unit::kNumber, ""},
                 {"send_cpu_per_byte_ns", "ns per byte", Unit::kNumber, ""},
                 {"receive_cpu_fixed_ns", "receiving CPU, ns", Unit::kNumber, ""},
                 {"receive_cpu_per_byte_ns", "ns per byte", Unit::kNumber, ""}},
                {},
                {"least squares on relative errors through the medians; --cluster writes them as [transport]"}};
    for (const MeasuredPath& path : paths) {
        for (const SizeSamples& samples : path.sizes) {
            const SampleSummary times = summarise(samples.one_way_ns);
            sizes.add_row({path.name, samples.bytes, whole(times.median), whole(times.q1), whole(times.q3),
                           whole(times.min), static_cast<std::int64_t>(times.count),
                           whole(median(samples.sender_cpu_ns)), whole(median(samples.receiver_cpu_ns))});
        }
        const TransportCost cost = cost_of(path);
        lines.add_row({path.name, cost.fixed_ns, cost.per_byte_ns, cost.send_cpu_fixed_ns, cost.send_cpu_per_byte_ns,
                       cost.receive_cpu_fixed_ns, cost.receive_cpu_per_byte_ns});
    }
    const MachineDescription machine = describe_machine();
    return {"transport",
            "Transport",
            {std::move(sizes), std::move(lines)},
            {fmt::format("on {}, {}", machine.cpu_text(), machine.machine_text())}};
}

std::string render(const Document& document, const TransportOptions& options) {
    constexpr std::size_t kWidth = 120;
    if (options.standard.format == "csv") return render_csv(main_section(document));
    if (options.standard.format == "json") return render_json(document);
    if (options.standard.format == "markdown") return render_markdown(document);
    return render_text(document, options.width == 0 ? kWidth : options.width);
}

}  // namespace

ExitStatus transport_command(const TransportOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    if (!options.answer.empty()) {
        answer_for_ever(options, out, err);
        return ExitStatus::kOk;
    }
    check_output(options.standard.output, options.standard.overwrite);
    Cluster cluster;
    if (!options.cluster.empty()) {
        cluster = read_cluster(read_input(options.cluster, in),
                               options.cluster == "-" ? "standard input" : options.cluster, keep_intensity_name);
    }
    watch_interrupts();
    const ScratchFolder folder;
    std::vector<MeasuredPath> paths = start_paths(options, folder.path());
    measure(paths, options, err);
    if (!options.from_end.empty()) {
        const TransportCost cost = cost_of(paths.front());
        set_measured_link(cluster, options.from_end, options.to_end, {cost.fixed_ns, cost.per_byte_ns});
    } else if (!options.cluster.empty()) {
        cluster.transport = cost_of(paths.front());
    }
    write_output(options.standard.output, options.standard.overwrite,
                 options.cluster.empty() ? render(describe(paths), options) : write_cluster(cluster), out);
    return ExitStatus::kOk;
}

}  // namespace carbonedge
