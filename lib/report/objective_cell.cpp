#include "lib/report/objective_cell.h"

namespace carbonedge {

Unit unit_of(Objective objective) {
    switch (objective) {
        case Objective::kCarbon:
            return Unit::kCarbon;
        case Objective::kEnergy:
            return Unit::kEnergy;
        case Objective::kLatency:
        case Objective::kBottleneck:
            return Unit::kTime;
        case Objective::kScore:
        case Objective::kNone:
            return Unit::kNumber;
    }
    return Unit::kNumber;
}

Cell cell_of(Objective objective, double value) {
    switch (unit_of(objective)) {
        case Unit::kCarbon:
            return GramsCo2e(value);
        case Unit::kEnergy:
            return Joules(value);
        case Unit::kTime:
            return to_nanoseconds(Seconds(value));
        default:
            return value;
    }
}

}  // namespace carbonedge
