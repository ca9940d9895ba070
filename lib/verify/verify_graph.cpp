#include "lib/verify/verify_graph.h"

#include "lib/verify/graph_reach.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <map>

namespace carbonedge {
namespace {

bool close(double stated, double true_value) {
    return std::abs(stated - true_value) <= 1e-9 * std::max(std::abs(stated), std::abs(true_value)) + 1e-15;
}

class Check {
public:
    explicit Check(const GraphPlan& plan)
        : plan_(plan), operations_(plan.graph.operations), home_(operations_.size(), plan.devices.size()) {}

    GraphVerification run(std::uint64_t most_steps) {
        check_devices();
        check_operations();
        if (!result_.passed()) return result_;
        check_loads();
        check_certificate(most_steps);
        return result_;
    }

private:
    template <class... Arguments>
    void breach(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
        result_.breaches.push_back(fmt::format(text, std::forward<Arguments>(arguments)...));
    }

    void check_devices() {
        std::size_t accelerators = 0;
        for (std::size_t d = 0; d < plan_.devices.size(); ++d) {
            if (plan_.devices[d].accelerator) ++accelerators;
            for (const std::size_t operation : plan_.devices[d].operations) home_[operation] = d;
        }
        const std::size_t cpus = plan_.devices.size() - accelerators;
        if (accelerators > plan_.graph.accelerators) {
            breach("{} accelerators are used, there are {}", accelerators, plan_.graph.accelerators);
        }
        if (cpus > plan_.graph.cpus) breach("{} cpus are used, there are {}", cpus, plan_.graph.cpus);
    }

    void check_operations() {
        std::map<std::int64_t, std::size_t> first_of_colour;
        for (std::size_t i = 0; i < operations_.size(); ++i) {
            const Operation& operation = operations_[i];
            if (home_[i] == plan_.devices.size()) {
                breach("operation {} runs nowhere", operation.id);
                continue;
            }
            if (plan_.devices[home_[i]].accelerator && !operation.accelerator_can_run) {
                breach("operation {} is on an accelerator, which cannot run it", operation.id);
            }
            const std::size_t first = first_of_colour.emplace(operation.colour, i).first->second;
            if (home_[first] != home_[i]) {
                breach("operations {} and {} have one colour and run on different devices", operations_[first].id,
                       operation.id);
            }
            for (const std::size_t consumer : operation.consumers) {
                if (home_[consumer] < home_[i]) {
                    breach("operation {} consumes what operation {} makes on a later device", operations_[consumer].id,
                           operation.id);
                }
            }
        }
    }

    /// By definition: each device looks at every operation, its own and those that it receives from.
    void check_loads() {
        for (std::size_t d = 0; d < plan_.devices.size(); ++d) {
            const GraphDevice& device = plan_.devices[d];
            Seconds load{0};
            Bytes memory;
            for (std::size_t i = 0; i < operations_.size(); ++i) {
                const Operation& operation = operations_[i];
                const auto reads = [&](bool here) {
                    return std::any_of(operation.consumers.begin(), operation.consumers.end(),
                                       [&](std::size_t consumer) { return (home_[consumer] == d) == here; });
                };
                if (home_[i] == d) {
                    load += device.accelerator ? operation.accelerator_time : operation.cpu_time;
                    memory += operation.memory;
                }
                if (device.accelerator && reads(home_[i] != d)) load += operation.transfer_time;
            }
            if (!close(device.load.count(), load.count())) {
                breach("device {} states a load of {} s, it is {} s", d, device.load.count(), load.count());
            }
            if (device.memory != memory) {
                breach("device {} states {} bytes, its operations take {}", d, device.memory.value(), memory.value());
            }
            if (device.accelerator && memory > plan_.graph.accelerator_memory) {
                breach("device {} takes {} bytes, an accelerator has {}", d, memory.value(),
                       plan_.graph.accelerator_memory.value());
            }
            result_.value = std::max(result_.value, load);
        }
    }

    void check_certificate(std::uint64_t most_steps) {
        const GraphCertificate& certificate = plan_.certificate;
        const double value = result_.value.count();
        const double bound = certificate.lower_bound.count();
        result_.work_bound = Seconds(least_by_work(plan_.graph));
        if (!close(certificate.value.count(), value)) {
            breach("the stated value is {} s, the largest load is {} s", certificate.value.count(), value);
        }
        if (bound > value * (1 + 1e-9)) breach("the lower bound {} s is above the value {} s", bound, value);
        const double gap = value > 0 ? (value - bound) / value : 0;
        if (std::abs(gap - certificate.gap) > 1e-9) breach("the stated gap is {}, it is {}", certificate.gap, gap);
        if (certificate.proven_optimal && gap > 1e-9) {
            breach("the plan is said to be proven best with a gap of {}", gap);
        }
        if (!certificate.proven_optimal && gap < 1e-13) breach("its gap is closed: it is proven");
        const char* method = certificate.proven_optimal ? "exact-down-sets" : "bounded-down-sets";
        if (certificate.method != method) breach("the method is '{}', expected {}", certificate.method, method);
        const std::optional<bool> better = reachable_below(plan_.graph, bound * (1 - 1e-9), most_steps);
        result_.bound_repeated = better.has_value();
        if (better.value_or(false)) breach("a contiguous plan is below the lower bound {} s", bound);
    }

    const GraphPlan& plan_;
    const std::vector<Operation>& operations_;
    std::vector<std::size_t> home_;  ///< device of each operation
    GraphVerification result_;
};

}  // namespace

GraphVerification verify_graph_plan(const GraphPlan& plan, std::uint64_t most_steps) {
    return Check(plan).run(most_steps);
}

}  // namespace carbonedge
