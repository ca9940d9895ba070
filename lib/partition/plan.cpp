#include "lib/partition/plan.h"

namespace carbonedge {

std::string_view objective_name(Objective objective) {
    switch (objective) {
        case Objective::kCarbon:
            return "carbon";
        case Objective::kEnergy:
            return "energy";
        case Objective::kLatency:
            return "latency";
        case Objective::kBottleneck:
            return "bottleneck";
        case Objective::kScore:
            return "score";
        case Objective::kNone:
            return "none";
    }
    return "";
}

CarbonParts& CarbonParts::operator+=(const CarbonParts& other) {
    compute_joules += other.compute_joules;
    transport_cpu_joules += other.transport_cpu_joules;
    link_joules += other.link_joules;
    idle_joules += other.idle_joules;
    compute_grams += other.compute_grams;
    transport_cpu_grams += other.transport_cpu_grams;
    link_grams += other.link_grams;
    idle_grams += other.idle_grams;
    embodied_grams += other.embodied_grams;
    return *this;
}

}  // namespace carbonedge
