// expect: no match for 'operator*'
#include "lib/units/index.h"
#include "lib/units/quantity.h"

using namespace carbonedge;

#ifdef CONTROL
auto carbon = Watts(141) * Seconds(1) * CarbonIntensity(530);
#else
auto carbon = Watts(141) * CarbonIntensity(530);
#endif
