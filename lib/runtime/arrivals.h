#pragma once

#include "lib/base/random.h"
#include "lib/units/quantity.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace carbonedge {

/// When the requests of an open load come, since its start, one after the other. The times depend on nothing that the
/// system does, so a slow answer delays no arrival.
class Arrivals {
public:
    virtual ~Arrivals() = default;
    /// The next one's; they never fall.
    virtual Nanoseconds next() = 0;
};

/// Request i at i / rate.
std::unique_ptr<Arrivals> even_arrivals(double per_second);

/// A Poisson process: exponential times between requests, the same for a seed everywhere. The first comes after such a
/// time too.
std::unique_ptr<Arrivals> poisson_arrivals(double per_second, std::uint64_t seed);

/// Those of a recorded load, `speed` times as fast. `offsets` ascend and outlive the arrivals; beyond their end, and
/// for none, next() stays at the last.
std::unique_ptr<Arrivals> recorded_arrivals(const std::vector<Nanoseconds>& offsets, double speed);

}  // namespace carbonedge
