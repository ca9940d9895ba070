#include "lib/cluster/measured_link.h"

#include "lib/base/errors.h"

#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

/// Less than any network takes for a byte.
constexpr double kUnlimitedNsPerByte = 8e-3;

void require_end(const Cluster& cluster, const std::string& name) {
    if (name == kGateway || find_node(cluster, name)) return;
    throw InputError(cluster.name, 0, "has no node '" + name + "' to measure a link of");
}

}  // namespace

void set_measured_link(Cluster& cluster, const std::string& from, const std::string& to, const MeasuredHop& hop) {
    require_end(cluster, from);
    require_end(cluster, to);
    if (from == to) throw InputError(cluster.name, 0, "a link has two ends, '" + from + "' is one");
    const auto joins = [&](const Link& link) {
        return (link.from == from && link.to == to) || (link.from == to && link.to == from);
    };
    auto found = std::find_if(cluster.links.begin(), cluster.links.end(), joins);
    if (found == cluster.links.end()) {
        Link added = link_between(cluster, from, to);
        added.from = from;
        added.to = to;
        found = cluster.links.insert(cluster.links.end(), added);
    }
    const double latency = std::max(0.0, hop.fixed_ns - cluster.transport.fixed_ns);
    const double per_byte = hop.per_byte_ns - cluster.transport.per_byte_ns;
    found->latency = Nanoseconds(static_cast<std::int64_t>(std::llround(latency)));
    found->bandwidth = BytesPerSecond(per_byte > kUnlimitedNsPerByte ? 1e9 / per_byte : 0.0);
}

}  // namespace carbonedge
