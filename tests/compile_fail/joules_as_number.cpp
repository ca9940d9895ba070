// expect: cannot convert
#include "lib/units/index.h"
#include "lib/units/quantity.h"

using namespace carbonedge;

#ifdef CONTROL
double number(Joules energy) { return energy.value(); }
#else
double number(Joules energy) { return energy; }
#endif
