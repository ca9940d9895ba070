#pragma once

#include "lib/units/index.h"
#include "lib/units/quantity.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// Which joules of an idle machine a plan is charged with. It can flip a plan, so it is always printed.
enum class IdlePolicy { kNone, kAttributed, kFull };

std::string_view idle_policy_name(IdlePolicy policy);  ///< "none", "attributed", "full"

/// Where an intensity came from that the cluster file does not state as a number (docs/carbon.md). Empty texts are not
/// known.
struct IntensityOrigin {
    std::string reference;  ///< as the cluster file has it: "series:de.csv", "country:DE"
    std::string source;     ///< publisher and data set
    std::string licence;    ///< what the source asks of whoever shows the number
    std::string kind;       ///< "actual", "forecast", "yearly mean"; "" while nothing was looked up
    std::string from_utc;   ///< the moment, or where the window begins
    std::string to_utc;     ///< where the window ends; "" for a moment
    std::string remark;     ///< what was done about gaps or the end of a series; "" nothing

    /// Whether the intensity beside it was looked up. A plan holds no other.
    [[nodiscard]] bool is_resolved() const { return !kind.empty(); }
    bool operator==(const IntensityOrigin&) const = default;
};

struct Node {
    std::string name;
    double cpus = 1.0;                      ///< CPU quota in cores
    Nanoseconds quota_period{100'000'000};  ///< CFS bandwidth period
    Bytes memory;
    int threads = 1;
    std::string zone;
    CarbonIntensity intensity;
    std::string intensity_signal = "average";   ///< average | marginal
    std::string intensity_scope = "lifecycle";  ///< direct | lifecycle
    std::string profile;                        ///< path of its own profile; "" means the reference profile
    double speed_factor = 1.0;  ///< time here = reference time / speed_factor; only without its own profile
    Watts idle_power_per_core{0.0};
    Watts busy_power_per_core{1.0};
    double pue = 1.0;
    GramsCo2e embodied{0.0};  ///< 0: not counted
    Seconds lifetime{0.0};
    std::string device = "cpu";
    std::optional<IntensityOrigin> intensity_origin;  ///< absent: the cluster file states the number

    bool operator==(const Node&) const = default;
};

struct Link {
    std::string from;
    std::string to;
    Nanoseconds latency{0};         ///< one way
    BytesPerSecond bandwidth{0.0};  ///< 0: not limited
    JoulesPerByte energy_per_byte{0.0};
    std::optional<CarbonIntensity> intensity;  ///< absent: mean of the two ends
    bool states_no_energy = false;  ///< energy_per_byte = 0 was said; else 0 means that nobody said (states_energy())
    std::string zone;               ///< chooses within a series that holds several
    std::optional<IntensityOrigin> intensity_origin;  ///< absent: the cluster file states the number, or none

    bool operator==(const Link&) const = default;
};

/// What one message costs the nodes themselves, measured by `carbonedge run --calibrate`.
struct TransportCost {
    double fixed_ns = 0;           ///< wall time a hop adds besides the link: per message
    double per_byte_ns = 0;        ///< ... and per byte
    double send_cpu_fixed_ns = 0;  ///< CPU time at the sender
    double send_cpu_per_byte_ns = 0;
    double receive_cpu_fixed_ns = 0;  ///< CPU time at the receiver
    double receive_cpu_per_byte_ns = 0;
    std::string source;  ///< "calibrated <date> <machine>", or "" for none

    bool operator==(const TransportCost&) const = default;
};

/// Copies of a message that a stage holds in memory at once.
struct MessageBuffers {
    int receive = 2;  ///< of what arrives from another node
    int send = 2;     ///< of what it sends on, the network's output included
    int input = 2;    ///< of the network's input, at the first stage

    bool operator==(const MessageBuffers&) const = default;
};

/// Nodes, links and the gateway where requests enter and leave. Schema carbonedge.cluster/1 (INI).
struct Cluster {
    std::string name;
    std::vector<Node> nodes;
    std::vector<Link> links;  ///< named pairs, either direction
    Link default_link;        ///< for pairs without their own
    std::string gateway_zone;
    std::optional<CarbonIntensity> gateway_intensity;  ///< absent: the gateway's link ends count the node's intensity
    TransportCost transport;
    MessageBuffers buffers;
    IdlePolicy idle_policy = IdlePolicy::kNone;
    std::optional<IntensityOrigin> gateway_intensity_origin;  ///< absent: the cluster file states the number, or none

    bool operator==(const Cluster&) const = default;
};

/// The end of a link that is not a node.
inline constexpr std::string_view kGateway = "gateway";

/// The link between two named ends (either may be kGateway), in either direction, else the default.
/// A node's link to itself is free: zero latency, no bandwidth limit, no energy.
Link link_between(const Cluster& cluster, std::string_view from, std::string_view to);

/// Whether somebody said what a byte over this link takes, be it 0. What nobody said is not counted, and told so.
bool states_energy(const Link& link);

/// The intensity that a link's joules are charged with: its own, else the mean of its ends.
CarbonIntensity link_intensity(const Cluster& cluster, const Link& link, std::string_view from, std::string_view to);

/// Whether the node's CPU quota can ever bite: a process whose threads are no more than its cpus never runs out of it.
bool can_be_throttled(const Node& node);

std::optional<NodeIndex> find_node(const Cluster& cluster, std::string_view name);

}  // namespace carbonedge
