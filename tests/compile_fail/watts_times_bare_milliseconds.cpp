// expect: no match for 'operator*'
#include "lib/units/index.h"
#include "lib/units/quantity.h"

using namespace carbonedge;

#ifdef CONTROL
GramsCo2e carbon(Watts power, std::chrono::milliseconds time) { return power * time * CarbonIntensity(530); }
#else
GramsCo2e carbon(Watts power, std::chrono::milliseconds time) {
    return power * static_cast<double>(time.count()) * CarbonIntensity(530);
}
#endif
