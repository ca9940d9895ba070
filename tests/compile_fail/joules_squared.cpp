// expect: no match for 'operator*'
#include "lib/units/index.h"
#include "lib/units/quantity.h"

using namespace carbonedge;

#ifdef CONTROL
auto product = Joules(1) * 2.0;
#else
auto product = Joules(1) * Joules(2);
#endif
