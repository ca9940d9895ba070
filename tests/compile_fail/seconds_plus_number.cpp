// expect: no match for 'operator+'
#include "lib/units/index.h"
#include "lib/units/quantity.h"

using namespace carbonedge;

#ifdef CONTROL
auto pause = Seconds(1) + Seconds(2.0);
#else
auto pause = Seconds(1) + 2.0;
#endif
