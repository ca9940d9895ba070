#pragma once

#include "lib/carbon/ledger.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// One way in which ledgers do not count the same thing, so that their difference would not be a saving.
struct Mixture {
    std::string aspect;               ///< one of kMixtureAspects; the name by which a user allows it
    std::vector<std::string> values;  ///< "measured (rapl): green", one per kind found, at least two

    bool operator==(const Mixture&) const = default;
};

/// provenance (measured, estimated), source (which meter or model), boundary (what the meter covers), signal (average,
/// marginal), scope (direct, lifecycle), idle (which idle joules are charged), embodied (counted for some nodes only).
inline constexpr std::string_view kMixtureAspects[] = {"provenance", "source", "boundary", "signal",
                                                       "scope",      "idle",   "embodied"};

/// Every aspect in which the ledgers, or the lines of one of them, differ; empty where they may be compared or summed.
/// Lines without joules decide nothing about energy. A value, not an error: the caller refuses or says so.
std::vector<Mixture> find_mixtures(std::span<const Ledger> ledgers);

/// "provenance: estimated (green), measured (high)".
std::string mixture_text(const Mixture& mixture);

}  // namespace carbonedge
