// expect: could not convert
#include "lib/units/index.h"
#include "lib/units/quantity.h"

using namespace carbonedge;

#ifdef CONTROL
LayerIndex first() { return LayerIndex(0); }
#else
LayerIndex first() { return std::size_t{0}; }
#endif
