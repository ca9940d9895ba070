// expect: no match for 'operator='
#include "lib/units/index.h"
#include "lib/units/quantity.h"

using namespace carbonedge;

#ifdef CONTROL
void assign(CutIndex& cut, CutIndex other) { cut = other; }
#else
void assign(CutIndex& cut, LayerIndex layer) { cut = layer; }
#endif
