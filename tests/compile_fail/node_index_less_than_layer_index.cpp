// expect: no match for 'operator<'
#include "lib/units/index.h"
#include "lib/units/quantity.h"

using namespace carbonedge;

#ifdef CONTROL
bool less = NodeIndex(0) < NodeIndex(1);
#else
bool less = NodeIndex(0) < LayerIndex(1);
#endif
