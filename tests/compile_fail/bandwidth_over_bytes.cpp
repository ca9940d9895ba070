// expect: no match for 'operator/'
#include "lib/units/index.h"
#include "lib/units/quantity.h"

using namespace carbonedge;

#ifdef CONTROL
auto pause = Bytes(8) / BytesPerSecond(4);
#else
auto pause = BytesPerSecond(4) / Bytes(8);
#endif
