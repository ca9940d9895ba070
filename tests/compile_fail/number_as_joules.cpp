// expect: conversion from 'double' to non-scalar type
#include "lib/units/index.h"
#include "lib/units/quantity.h"

using namespace carbonedge;

#ifdef CONTROL
Joules energy = Joules(3.0);
#else
Joules energy = 3.0;
#endif
