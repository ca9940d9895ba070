// expect: could not convert
#include "lib/units/index.h"
#include "lib/units/quantity.h"

using namespace carbonedge;

#ifdef CONTROL
GramsCo2e carbon(Watts power, std::chrono::milliseconds time, CarbonIntensity intensity) {
    return power * time * intensity;
}
#else
// The field's flagship paper takes P[W] * T[ms] / 3 600 000 for kilowatt-hours.
GramsCo2e carbon(Watts power, std::chrono::milliseconds time, CarbonIntensity intensity) {
    return power.value() * static_cast<double>(time.count()) / 3'600'000.0 * intensity.value();
}
#endif
