#include "lib/runtime/traffic_shaper.h"

#include "lib/base/errors.h"

#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <cmath>

namespace carbonedge {
namespace {

constexpr Nanoseconds kPatience = std::chrono::seconds(10);
constexpr int kFirstClass = 16;
/// The kernel counts Ethernet, IPv4 and TCP headers with time stamps (66 bytes) for each 1,448 bytes that TCP carries.
constexpr double kWireShare = 1514.0 / 1448.0;
/// What may go at once after a pause. Less loses bandwidth where the kernel's timer is late, more lets the beginning of
/// a message through without a limit.
constexpr double kBurstSeconds = 0.0005;
constexpr double kSmallestBurst = 3000;

std::string words_of(const std::vector<std::string>& words) { return fmt::format("tc {}", fmt::join(words, " ")); }

}  // namespace

TrafficShaper::TrafficShaper(const std::vector<std::string>& environment)
    : nsenter_("nsenter", environment), tc_("tc", environment) {}

std::string TrafficShaper::obstacle() const {
    if (::geteuid() != 0) return "it needs root";
    for (const auto& [program, package] :
         {std::pair(&tc_, "tc (iproute2)"), std::pair(&nsenter_, "nsenter (util-linux)")}) {
        try {
            static_cast<void>(program->run({"-V"}, kPatience, {}));
        } catch (const EnvironmentError&) {
            return fmt::format("there is no {}", package);
        }
    }
    return "";
}

void TrafficShaper::limit(const Device& device, const Flow& flow, const std::stop_token& stop) {
    auto [found, fresh] = classes_.try_emplace(device);
    if (fresh) {
        try {
            tc(device, {"qdisc", "replace", "dev", device.name, "root", "handle", "1:", "htb"}, stop);
        } catch (...) {
            classes_.erase(found);
            throw;
        }
    }
    auto& classes = found->second;
    const Destination destination{flow.address, flow.port};
    const auto known = classes.find(destination);
    const int number = known == classes.end() ? kFirstClass + static_cast<int>(classes.size()) : known->second;
    const std::string id = fmt::format("1:{:x}", number);
    const double rate = flow.rate.value() * kWireShare;
    const std::string burst = fmt::format("{:.0f}", std::max(kSmallestBurst, rate * kBurstSeconds));
    tc(device,
       {"class", "replace", "dev", device.name, "parent", "1:", "classid", id, "htb", "rate",
        fmt::format("{:.0f}bps", std::max(1.0, std::round(rate))), "burst", burst, "cburst", burst, "quantum", "60000"},
       stop);
    if (known != classes.end()) return;
    tc(device,
       {"filter",
        "add",
        "dev",
        device.name,
        "parent",
        "1:",
        "protocol",
        "ip",
        "prio",
        "1",
        "u32",
        "match",
        "ip",
        "dst",
        flow.address + "/32",
        "match",
        "ip",
        "dport",
        std::to_string(flow.port),
        "0xffff",
        "flowid",
        id},
       stop);
    classes[destination] = number;
}

void TrafficShaper::tc(const Device& device, const std::vector<std::string>& words, const std::stop_token& stop) const {
    std::vector<std::string> all{"--net=" + device.network, "tc"};
    if (device.network.empty()) all.clear();
    all.insert(all.end(), words.begin(), words.end());
    const ContainerCli::Outcome outcome = (device.network.empty() ? tc_ : nsenter_).run(all, kPatience, stop);
    if (outcome.status == 0) return;
    const std::string said = outcome.err.substr(0, outcome.err.find('\n'));
    throw EnvironmentError(fmt::format("{}: {}", words_of(words), said.empty() ? "it failed" : said),
                           "see whether this kernel has htb and u32 (CONFIG_NET_SCH_HTB, CONFIG_NET_CLS_U32)");
}

TrafficShaper::Flow flow_to(const std::string& address, BytesPerSecond rate) {
    const std::size_t port = address.rfind(':');
    const std::size_t host = address.find(':') + 1;
    return {address.substr(host, port - host), std::stoi(address.substr(port + 1)), rate};
}

}  // namespace carbonedge
