// expect: conversion from
#include "lib/units/index.h"
#include "lib/units/quantity.h"

using namespace carbonedge;

#ifdef CONTROL
Nanoseconds pause = to_nanoseconds(Seconds(0.5));
#else
Nanoseconds pause = Seconds(0.5);
#endif
