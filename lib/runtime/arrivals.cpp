#include "lib/runtime/arrivals.h"

#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

class EvenArrivals : public Arrivals {
public:
    explicit EvenArrivals(double per_second) : per_second_(per_second) {}
    // From the number and not from the time before, so that rounding does not add up.
    Nanoseconds next() override { return to_nanoseconds(Seconds(static_cast<double>(number_++) / per_second_)); }

private:
    double per_second_;
    std::int64_t number_ = 0;
};

class PoissonArrivals : public Arrivals {
public:
    PoissonArrivals(double per_second, std::uint64_t seed) : per_second_(per_second), random_(seed) {}
    Nanoseconds next() override {
        time_ += -std::log1p(-random_.uniform()) / per_second_;
        return to_nanoseconds(Seconds(time_));
    }

private:
    double per_second_;
    SeededRandom random_;
    double time_ = 0;
};

class RecordedArrivals : public Arrivals {
public:
    RecordedArrivals(const std::vector<Nanoseconds>& offsets, double speed) : offsets_(offsets), speed_(speed) {}
    Nanoseconds next() override {
        if (offsets_.empty()) return Nanoseconds(0);
        const Nanoseconds offset = offsets_[std::min(number_++, offsets_.size() - 1)];
        return Nanoseconds(static_cast<std::int64_t>(std::llround(static_cast<double>(offset.count()) / speed_)));
    }

private:
    const std::vector<Nanoseconds>& offsets_;
    double speed_;
    std::size_t number_ = 0;
};

}  // namespace

std::unique_ptr<Arrivals> even_arrivals(double per_second) { return std::make_unique<EvenArrivals>(per_second); }

std::unique_ptr<Arrivals> poisson_arrivals(double per_second, std::uint64_t seed) {
    return std::make_unique<PoissonArrivals>(per_second, seed);
}

std::unique_ptr<Arrivals> recorded_arrivals(const std::vector<Nanoseconds>& offsets, double speed) {
    return std::make_unique<RecordedArrivals>(offsets, speed);
}

}  // namespace carbonedge
