// expect: no match for 'operator+'
#include "lib/units/index.h"
#include "lib/units/quantity.h"

using namespace carbonedge;

#ifdef CONTROL
std::size_t next(LayerIndex layer) { return layer.value() + 1; }
#else
std::size_t next(LayerIndex layer) { return layer + 1; }
#endif
