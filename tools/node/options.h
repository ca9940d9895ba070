#pragma once

#include "lib/runtime/node_server.h"
#include "lib/units/quantity.h"

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace carbonedge {

struct NodeToolOptions {
    std::string name = "node";
    std::string directory;
    std::string listen;
    std::string control;
    std::string tensors;
    PeerSecurity security;
    int threads = 1;
    Bytes longest_message;
    Nanoseconds send_timeout{0};
    bool quiet = false;
};

/// The node that was asked for.
NodeOptions node_options(const NodeToolOptions& options);

/// Nothing where only help or the version was asked for. Throws UsageError.
std::optional<NodeToolOptions> parse_node_options(int argc, const char* const* argv, std::string_view page,
                                                  std::ostream& out, std::ostream& err);

}  // namespace carbonedge
