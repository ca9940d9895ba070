// expect: could not convert
#include "lib/units/index.h"
#include "lib/units/quantity.h"

using namespace carbonedge;

#ifdef CONTROL
GramsCo2e carbon(Joules energy, CarbonIntensity intensity) { return energy * intensity; }
#else
GramsCo2e carbon(Joules energy, CarbonIntensity) { return energy; }
#endif
