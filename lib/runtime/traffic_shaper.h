#pragma once

#include "lib/runtime/container_cli.h"
#include "lib/units/quantity.h"

#include <map>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace carbonedge {

/// Limits in the kernel how fast a network device sends to one address and port: tc with htb, u32 and pfifo. What goes
/// elsewhere, and what comes in, is left alone. Nothing is undone: the settings end with the device, so it must be one
/// that was made for this purpose (a container's, a run's bridge). One thread at a time.
class TrafficShaper {
public:
    /// `environment` names PATH ("NAME=value").
    explicit TrafficShaper(const std::vector<std::string>& environment);

    /// Why it cannot work here ("it needs root"), "" where nothing speaks against it.
    [[nodiscard]] std::string obstacle() const;

    struct Device {
        std::string network;  ///< path of a network namespace, "/proc/1234/ns/net"; "" for our own
        std::string name;     ///< "eth0"
        auto operator<=>(const Device&) const = default;
    };
    struct Flow {
        std::string address;  ///< IPv4
        int port = 0;
        BytesPerSecond rate{0.0};  ///< of what TCP carries: the headers of its packets are allowed beside it
    };
    /// Replaces the limit of the same address and port. Throws EnvironmentError (what tc says), Interrupted.
    void limit(const Device& device, const Flow& flow, const std::stop_token& stop);

private:
    using Destination = std::pair<std::string, int>;
    void tc(const Device& device, const std::vector<std::string>& words, const std::stop_token& stop) const;

    ContainerCli nsenter_;
    ContainerCli tc_;
    std::map<Device, std::map<Destination, int>> classes_;  ///< numbers of the classes made so far
};

/// To `address` as connect_frames() takes it, "tls:172.18.0.2:7000".
TrafficShaper::Flow flow_to(const std::string& address, BytesPerSecond rate);

}  // namespace carbonedge
