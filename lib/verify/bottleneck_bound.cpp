#include "lib/verify/bottleneck_bound.h"

#include <algorithm>
#include <vector>

namespace carbonedge {
namespace {

double ns(double nanoseconds) { return nanoseconds * 1e-9; }
double number(Bytes bytes) { return static_cast<double>(bytes.value()); }

/// Nodes that can stand for each other.
struct Group {
    std::vector<std::size_t> nodes;
    std::vector<std::vector<char>> fits;  ///< [first cut][last cut]: a stage within the threshold and the limits
};

class Exhaustion {
public:
    Exhaustion(const Plan& plan, double threshold) : plan_(plan), threshold_(threshold), all_(find_cuts(reference())) {
        for (const Cut& cut : all_) {
            const bool end = cut.position == 0 || cut.position + 1 == all_.size();
            if (end || cuttable(cut.position)) cuts_.push_back(cut.position);
        }
        for (std::size_t v = 0; v < plan.cluster.nodes.size(); ++v) {
            const auto same = std::find_if(groups_.begin(), groups_.end(),
                                           [&](const Group& group) { return interchangeable(group.nodes.front(), v); });
            if (same == groups_.end()) {
                groups_.push_back({{v}, {}});
            } else {
                same->nodes.push_back(v);
            }
        }
        for (Group& group : groups_) fill(group);
    }

    [[nodiscard]] double steps() const {
        double steps = static_cast<double>(groups_.size() * cuts_.size()) * longest_;
        for (const Group& group : groups_) steps *= static_cast<double>(group.nodes.size()) + 1;
        return steps;
    }

    [[nodiscard]] bool any_pipeline() const {
        std::vector<std::size_t> base(groups_.size(), 1);
        std::size_t states = 1;
        for (std::size_t g = 0; g < groups_.size(); ++g) {
            base[g] = states;
            states *= groups_[g].nodes.size() + 1;
        }
        // begins[state][g][cut]: after the nodes of the state, a stage of group g may begin at the cut.
        using Row = std::vector<char>;
        std::vector<std::vector<Row>> begins(states, std::vector<Row>(groups_.size()));
        for (std::size_t g = 0; g < groups_.size(); ++g) {
            begins[0][g].assign(cuts_.size(), 0);
            begins[0][g][0] = leg(kGateway, name(g, 0), 0) ? 1 : 0;
        }
        for (std::size_t state = 0; state < states; ++state) {
            for (std::size_t g = 0; g < groups_.size(); ++g) {
                if (begins[state][g].empty() || used(state, base, g) == groups_[g].nodes.size()) continue;
                if (plan_.limits.max_nodes && used_in_all(state, base) >= *plan_.limits.max_nodes) continue;
                const Row ends = ends_of(begins[state][g], groups_[g]);
                if (ends.back() != 0 && leg(name(g, 0), kGateway, cuts_.size() - 1)) return true;
                for (std::size_t w = 0; w < groups_.size(); ++w) {
                    const std::size_t next = state + base[g];
                    if (used(next, base, w) == groups_[w].nodes.size()) continue;
                    for (std::size_t c = 1; c + 1 < cuts_.size(); ++c) {
                        if (ends[c] == 0 || !leg(name(g, 0), name(w, w == g ? 1 : 0), c)) continue;
                        if (begins[next][w].empty()) begins[next][w].assign(cuts_.size(), 0);
                        begins[next][w][c] = 1;
                    }
                }
            }
            begins[state].clear();
        }
        return false;
    }

private:
    [[nodiscard]] const Profile& reference() const { return plan_.profiles.front(); }
    [[nodiscard]] const Profile& profile(std::size_t v) const {
        return plan_.profiles[static_cast<std::size_t>(plan_.node_profile[v])];
    }
    [[nodiscard]] const std::string& name(std::size_t group, std::size_t member) const {
        return plan_.cluster.nodes[groups_[group].nodes[member]].name;
    }
    [[nodiscard]] bool cuttable(std::size_t position) const {
        return std::all_of(plan_.profiles.begin(), plan_.profiles.end(), [&](const Profile& each) {
            return &each == &reference() ? all_[position].legal : find_cuts(each)[position].legal;
        });
    }

    [[nodiscard]] bool may_run(std::size_t v, const std::string& layer) const {
        const std::string& node = plan_.cluster.nodes[v].name;
        for (const auto& [pinned, at] : plan_.limits.pinned) {
            if (pinned == layer && at != node) return false;
        }
        for (const auto& [forbidden, at] : plan_.limits.forbidden) {
            if ((forbidden == "*" || forbidden == layer) && at == node) return false;
        }
        return true;
    }

    [[nodiscard]] bool interchangeable(std::size_t left, std::size_t right) const {
        const Node& a = plan_.cluster.nodes[left];
        const Node& b = plan_.cluster.nodes[right];
        if (plan_.node_profile[left] != plan_.node_profile[right] || a.speed_factor != b.speed_factor ||
            a.cpus != b.cpus || a.threads != b.threads || a.memory != b.memory) {
            return false;
        }
        for (const LayerProfile& layer : reference().layers) {
            if (may_run(left, layer.name) != may_run(right, layer.name)) return false;
        }
        const auto alike = [&](std::string_view other) {
            const Link one = link_between(plan_.cluster, a.name, other);
            const Link two = link_between(plan_.cluster, b.name, other);
            return one.latency == two.latency && one.bandwidth == two.bandwidth;
        };
        for (const Node& other : plan_.cluster.nodes) {
            if (other.name != a.name && other.name != b.name && !alike(other.name)) return false;
        }
        return alike(kGateway);
    }

    [[nodiscard]] bool leg(std::string_view from, std::string_view to, std::size_t cut) const {
        const Link link = link_between(plan_.cluster, from, to);
        const TransportCost& transport = plan_.cluster.transport;
        const double bytes = number(all_[cuts_[cut]].bytes);
        double seconds = to_seconds(link.latency).count() + ns(transport.fixed_ns + transport.per_byte_ns * bytes);
        if (link.bandwidth.value() > 0) seconds += bytes / link.bandwidth.value();
        return seconds <= threshold_;
    }

    /// Sums row by row from every first cut on.
    void fill(Group& group) {
        const std::size_t v = group.nodes.front();
        const Node& node = plan_.cluster.nodes[v];
        const Profile& rows = profile(v);
        const double slowdown = plan_.node_profile[v] == 0 ? 1 / node.speed_factor : 1;
        const TransportCost& transport = plan_.cluster.transport;
        double all_weights = 0, highest = 0;
        for (const LayerProfile& row : rows.layers) {
            all_weights += number(row.weight_bytes);
            highest = std::max(highest, number(row.peak_bytes));
        }
        const double base = number(rows.runtime_base_bytes);
        double factor = 1;
        if (all_weights > 0) factor = std::max(1.0, (number(rows.load_peak_bytes) - base - highest) / all_weights);
        const auto border = [&](std::size_t cut) {
            if (cut == 0 || cut + 1 == cuts_.size()) return 0.0;
            return ns(rows.boundary.fixed_ns + rows.boundary.per_byte_ns * number(all_[cuts_[cut]].bytes));
        };
        group.fits.assign(cuts_.size(), std::vector<char>(cuts_.size(), 0));
        for (std::size_t a = 0; a + 1 < cuts_.size(); ++a) {
            const double in = number(all_[cuts_[a]].bytes);
            double wall = 0, cpu = 0, weights = 0, peak = 0;
            bool allowed = true;
            for (std::size_t b = a + 1; b < cuts_.size() && allowed; ++b) {
                for (std::size_t l = cuts_[b - 1]; l < cuts_[b]; ++l) {
                    const LayerProfile& row = rows.layers[l];
                    wall += to_seconds(row.latency_median).count();
                    cpu += to_seconds(row.cpu_mean).count();
                    weights += number(row.weight_bytes);
                    peak = std::max(peak, number(row.peak_bytes));
                    allowed = allowed && may_run(v, reference().layers[l].name);
                }
                if (!allowed || wall * slowdown > threshold_ * (1 + 1e-9)) break;
                const double out = number(all_[cuts_[b]].bytes);
                const double crossing = border(a) + border(b);
                double occupancy = (wall + crossing) * slowdown;
                if (can_be_throttled(node)) {
                    const double shipping =
                        ns(transport.receive_cpu_fixed_ns + transport.send_cpu_fixed_ns +
                           transport.receive_cpu_per_byte_ns * in + transport.send_cpu_per_byte_ns * out);
                    occupancy = std::max(occupancy, ((cpu + crossing) * slowdown + shipping) / node.cpus);
                }
                const MessageBuffers& copies = plan_.cluster.buffers;
                const double memory =
                    base + factor * weights + peak + (a == 0 ? copies.input : copies.receive) * in + copies.send * out;
                if (occupancy <= threshold_ && memory <= number(node.memory)) group.fits[a][b] = 1;
                longest_ = std::max(longest_, static_cast<double>(b - a));
            }
        }
    }

    [[nodiscard]] std::vector<char> ends_of(const std::vector<char>& begins, const Group& group) const {
        std::vector<char> ends(cuts_.size(), 0);
        const auto reach = static_cast<std::size_t>(longest_);
        for (std::size_t a = 0; a + 1 < cuts_.size(); ++a) {
            if (begins[a] == 0) continue;
            for (std::size_t b = a + 1; b < std::min(cuts_.size(), a + reach + 1); ++b) {
                ends[b] = static_cast<char>(ends[b] | group.fits[a][b]);
            }
        }
        return ends;
    }

    [[nodiscard]] std::size_t used(std::size_t state, const std::vector<std::size_t>& base, std::size_t g) const {
        return state / base[g] % (groups_[g].nodes.size() + 1);
    }
    [[nodiscard]] std::size_t used_in_all(std::size_t state, const std::vector<std::size_t>& base) const {
        std::size_t all = 0;
        for (std::size_t g = 0; g < groups_.size(); ++g) all += used(state, base, g);
        return all;
    }

    const Plan& plan_;
    double threshold_ = 0;
    std::vector<Cut> all_;
    std::vector<std::size_t> cuts_;  ///< positions where every profile can be cut, ends included
    std::vector<Group> groups_;
    double longest_ = 1;  ///< stage, in cuts
};

}  // namespace

std::optional<bool> some_pipeline_within(const Plan& plan, double threshold, double most_steps) {
    const auto cuts = static_cast<double>(plan.profiles.front().layers.size() + 1);
    if (cuts * cuts * static_cast<double>(plan.cluster.nodes.size()) > most_steps) return std::nullopt;
    const Exhaustion exhaustion(plan, threshold);
    if (exhaustion.steps() > most_steps) return std::nullopt;
    return exhaustion.any_pipeline();
}

}  // namespace carbonedge
