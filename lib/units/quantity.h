#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace carbonedge {

/// A number with a unit that the compiler checks. `Unit` is a tag. Only quantities of one unit add and compare; only
/// the products that physics has exist (below). Construction and reading are explicit, so that no bare number slips in.
/// Watts x milliseconds taken for kilowatt-hours, the error in the field's flagship paper, does not compile.
template <class Unit, class Representation = double>
class Quantity {
public:
    using representation = Representation;

    constexpr Quantity() = default;
    constexpr explicit Quantity(Representation value) : value_(value) {}

    [[nodiscard]] constexpr Representation value() const { return value_; }

    constexpr Quantity& operator+=(Quantity other) {
        value_ += other.value_;
        return *this;
    }
    constexpr Quantity& operator-=(Quantity other) {
        value_ -= other.value_;
        return *this;
    }

    friend constexpr Quantity operator+(Quantity left, Quantity right) { return Quantity(left.value_ + right.value_); }
    friend constexpr Quantity operator-(Quantity left, Quantity right) { return Quantity(left.value_ - right.value_); }
    friend constexpr Quantity operator-(Quantity quantity) { return Quantity(-quantity.value_); }
    friend constexpr Quantity operator*(Quantity quantity, Representation factor) {
        return Quantity(quantity.value_ * factor);
    }
    friend constexpr Quantity operator*(Representation factor, Quantity quantity) {
        return Quantity(factor * quantity.value_);
    }
    friend constexpr Quantity operator/(Quantity quantity, Representation divisor) {
        return Quantity(quantity.value_ / divisor);
    }
    /// The ratio of two like quantities is a plain number.
    friend constexpr double operator/(Quantity left, Quantity right) {
        return static_cast<double>(left.value_) / static_cast<double>(right.value_);
    }
    friend constexpr auto operator<=>(Quantity, Quantity) = default;

private:
    Representation value_{};
};

using Seconds = std::chrono::duration<double>;
using Nanoseconds = std::chrono::nanoseconds;

struct JouleUnit;
struct WattUnit;
struct GramCo2eUnit;
struct GramCo2ePerKilowattHourUnit;
struct ByteUnit;
struct BytePerSecondUnit;
struct JoulePerByteUnit;

using Joules = Quantity<JouleUnit>;
using Watts = Quantity<WattUnit>;
using GramsCo2e = Quantity<GramCo2eUnit>;
/// Grams of CO2 equivalent per kilowatt-hour, the unit in which grid operators publish.
using CarbonIntensity = Quantity<GramCo2ePerKilowattHourUnit>;
using Bytes = Quantity<ByteUnit, std::int64_t>;
using BytesPerSecond = Quantity<BytePerSecondUnit>;
using JoulesPerByte = Quantity<JoulePerByteUnit>;

/// 1 kWh in joules, exactly.
inline constexpr double kJoulesPerKilowattHour = 3'600'000.0;

constexpr Joules operator*(Watts power, Seconds time) { return Joules(power.value() * time.count()); }
constexpr Joules operator*(Seconds time, Watts power) { return power * time; }
constexpr Watts operator/(Joules energy, Seconds time) { return Watts(energy.value() / time.count()); }
constexpr GramsCo2e operator*(Joules energy, CarbonIntensity intensity) {
    return GramsCo2e(energy.value() / kJoulesPerKilowattHour * intensity.value());
}
constexpr GramsCo2e operator*(CarbonIntensity intensity, Joules energy) { return energy * intensity; }
constexpr Seconds operator/(Bytes bytes, BytesPerSecond bandwidth) {
    return Seconds(static_cast<double>(bytes.value()) / bandwidth.value());
}
constexpr Joules operator*(Bytes bytes, JoulesPerByte cost) {
    return Joules(static_cast<double>(bytes.value()) * cost.value());
}
constexpr Joules operator*(JoulesPerByte cost, Bytes bytes) { return bytes * cost; }

/// A count of nanoseconds from a real number of seconds, rounded to nearest: the form times take in files. What does
/// not fit in 64 bits (292 years, infinity) becomes the largest or smallest count; not-a-number becomes 0.
constexpr Nanoseconds to_nanoseconds(Seconds time) {
    const double nanoseconds = time.count() * 1e9;
    if (nanoseconds >= 0x1p63) return Nanoseconds::max();
    if (nanoseconds <= -0x1p63) return Nanoseconds::min();
    if (nanoseconds != nanoseconds) return Nanoseconds::zero();
    return Nanoseconds(static_cast<std::int64_t>(nanoseconds < 0 ? nanoseconds - 0.5 : nanoseconds + 0.5));
}
constexpr Seconds to_seconds(Nanoseconds time) { return std::chrono::duration_cast<Seconds>(time); }

}  // namespace carbonedge
