// expect: no match for 'operator+'
#include "lib/units/index.h"
#include "lib/units/quantity.h"

using namespace carbonedge;

#ifdef CONTROL
auto sum = Joules(1) + Joules(2);
#else
auto sum = Joules(1) + Watts(2);
#endif
