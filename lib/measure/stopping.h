#pragma once

#include "lib/units/quantity.h"

#include <memory>
#include <string>
#include <vector>

namespace carbonedge {

/// When to stop measuring. Used as: initialize(), then add() after each sample until is_finished(). Every rule has a
/// name and can say how it ended, so that a profile records both.
class StoppingCriterion {
public:
    virtual ~StoppingCriterion() = default;
    virtual void initialize() = 0;
    /// A sample, and the time since measuring began, by the caller's clock.
    virtual void add(Nanoseconds sample, Nanoseconds elapsed) = 0;
    [[nodiscard]] virtual bool is_finished() const = 0;
    [[nodiscard]] virtual std::string name() const = 0;  ///< "relative-ci=0.01"
    /// Of the state now, finished or not: "relative-ci 0.0081 after 143 samples".
    [[nodiscard]] virtual std::string outcome() const = 0;
};

/// Half width of the median's 95 % interval over the median is at most `limit`. Looks again each time the samples have
/// grown by a twentieth, so that many short samples cost O(n log n) in all.
std::unique_ptr<StoppingCriterion> relative_confidence_criterion(double limit);
std::unique_ptr<StoppingCriterion> minimum_time_criterion(Nanoseconds least);
std::unique_ptr<StoppingCriterion> cap_criterion(Nanoseconds most);

/// Finished when every one of `all` is, or as soon as `cap` is.
std::unique_ptr<StoppingCriterion> combined_criterion(std::vector<std::unique_ptr<StoppingCriterion>> all,
                                                      std::unique_ptr<StoppingCriterion> cap);

/// The usual rule: "relative-ci=0.01,min-time=500ms,cap=10s".
std::unique_ptr<StoppingCriterion> standard_criterion(double relative_confidence, Nanoseconds least, Nanoseconds most);

}  // namespace carbonedge
