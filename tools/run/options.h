#pragma once

#include "lib/runtime/failover_options.h"
#include "lib/runtime/peer_security.h"
#include "lib/runtime/tensor_path.h"
#include "lib/tradeoff/replan.h"
#include "lib/units/quantity.h"
#include "tools/cli/series_option_values.h"
#include "tools/run/live_option_values.h"
#include "tools/run/load_option_values.h"

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace carbonedge {

struct RunToolOptions {
    std::string output = "-";
    bool overwrite = false;
    bool quiet = false;
    std::uint64_t seed = 0;

    std::string engine = "process";
    TensorPath transport = TensorPath::kAuto;
    std::string plan;
    std::string model;
    std::int64_t requests = 100;
    bool requests_given = false;  ///< else a trace's all
    LoadOptions load;
    std::int64_t in_flight = 1;
    std::int64_t warm_up = 10;
    Nanoseconds timeout{0};
    Nanoseconds start_timeout{0};
    bool limits = true;
    bool check = true;
    Spares spares = Spares::kNone;
    std::optional<Nanoseconds> heartbeat;
    bool ordered = false;
    std::string serve;
    std::string serve_http;
    std::int64_t serve_in_flight = 64;
    std::int64_t serve_log = 100'000;
    Nanoseconds drain_timeout{0};
    std::string node_program;
    std::string image = "carbonedge";
    std::string docker = "docker";
    std::string stack_file;
    std::string gateway_address;
    std::string nodes;  ///< file of the addresses of nodes that run already
    PeerSecurity security;
    SeriesOptions series;
    SeriesPolicy series_policy;
    LiveOptions live;
    bool replan = false;
    MovePolicy move_policy;
    double speed = 1;  ///< seconds of the series that go by in a second

    bool calibrate = false;
    std::string cluster;
};

/// Nothing where only help or the version was asked for. Throws UsageError.
std::optional<RunToolOptions> parse_run_options(int argc, const char* const* argv, std::string_view page,
                                                std::ostream& out, std::ostream& err);

}  // namespace carbonedge
