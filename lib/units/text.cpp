#include "lib/units/text.h"

#include "lib/base/errors.h"

#include <fmt/format.h>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

namespace carbonedge {
namespace {

struct UnitFactor {
    std::string_view name;
    double factor;
};

constexpr double kSecondsPerYear = 365.25 * 86'400.0;

constexpr std::array kDurations{UnitFactor{"ms", 1e6}, UnitFactor{"ns", 1.0},   UnitFactor{"us", 1e3},
                                UnitFactor{"s", 1e9},  UnitFactor{"min", 60e9}, UnitFactor{"h", 3600e9}};
constexpr std::array kLifetimes{UnitFactor{"years", kSecondsPerYear},
                                UnitFactor{"year", kSecondsPerYear},
                                UnitFactor{"days", 86'400.0},
                                UnitFactor{"day", 86'400.0},
                                UnitFactor{"h", 3600.0},
                                UnitFactor{"s", 1.0}};
constexpr std::array kBytes{UnitFactor{"MiB", 1048576.0},   UnitFactor{"B", 1.0},  UnitFactor{"kB", 1e3},
                            UnitFactor{"MB", 1e6},          UnitFactor{"GB", 1e9}, UnitFactor{"KiB", 1024.0},
                            UnitFactor{"GiB", 1073741824.0}};
constexpr std::array kBandwidths{
    UnitFactor{"Mbit/s", 125e3},    UnitFactor{"kbit/s", 125.0},      UnitFactor{"Gbit/s", 125e6},
    UnitFactor{"bit/s", 0.125},     UnitFactor{"B/s", 1.0},           UnitFactor{"kB/s", 1e3},
    UnitFactor{"MB/s", 1e6},        UnitFactor{"GB/s", 1e9},          UnitFactor{"KiB/s", 1024.0},
    UnitFactor{"MiB/s", 1048576.0}, UnitFactor{"GiB/s", 1073741824.0}};
constexpr std::array kPowers{UnitFactor{"W", 1.0}, UnitFactor{"mW", 1e-3}, UnitFactor{"kW", 1e3}};
constexpr std::array kIntensities{UnitFactor{"g/kWh", 1.0}, UnitFactor{"gCO2e/kWh", 1.0}, UnitFactor{"gCO2eq/kWh", 1.0},
                                  UnitFactor{"kg/MWh", 1.0}};
constexpr std::array kEnergyPerByte{UnitFactor{"kWh/GB", kJoulesPerKilowattHour / 1e9}, UnitFactor{"J/B", 1.0},
                                    UnitFactor{"J/GB", 1e-9}, UnitFactor{"J/MB", 1e-6}, UnitFactor{"nJ/B", 1e-9}};
constexpr std::array kEnergies{UnitFactor{"J", 1.0}, UnitFactor{"mJ", 1e-3}, UnitFactor{"kJ", 1e3},
                               UnitFactor{"Wh", 3600.0}, UnitFactor{"kWh", kJoulesPerKilowattHour}};
constexpr std::array kMasses{UnitFactor{"kg", 1e3}, UnitFactor{"ug", 1e-6}, UnitFactor{"mg", 1e-3},
                             UnitFactor{"g", 1.0}};

[[noreturn]] void refuse(std::string_view text, std::string_view what, std::string_view problem,
                         std::string_view form) {
    throw UsageError(
        fmt::format("{}: '{}' {}, expected a quantity with its unit such as {}", what, text, problem, form));
}

double factor_of(std::string_view unit, std::string_view text, std::string_view what, std::span<const UnitFactor> units,
                 std::string_view form) {
    if (unit.starts_with(' ')) unit.remove_prefix(1);
    if (unit.empty()) refuse(text, what, "has no unit", form);
    for (const UnitFactor& candidate : units) {
        if (candidate.name == unit) return candidate.factor;
    }
    refuse(text, what, fmt::format("has the unknown unit '{}'", unit), form);
}

double parse(std::string_view text, std::string_view what, std::span<const UnitFactor> units, std::string_view form) {
    double number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || !std::isfinite(number)) refuse(text, what, "is not a number", form);
    if (number < 0) refuse(text, what, "is negative", form);
    const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
    const double scaled = number * factor_of(unit, text, what, units, form);
    if (!std::isfinite(scaled)) refuse(text, what, "is too large", form);
    return scaled;
}

/// A count of 64 bits. Whole numbers are kept to the last digit, which a double cannot do beyond 2^53; others are
/// rounded. The factors of `units` are whole.
std::int64_t parse_whole(std::string_view text, std::string_view what, std::span<const UnitFactor> units,
                         std::string_view form) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
    if (error == std::errc() && number >= 0 && unit.find_first_of(".eE") != 0) {
        const auto factor = static_cast<std::int64_t>(factor_of(unit, text, what, units, form));
        std::int64_t count = 0;
        if (__builtin_mul_overflow(number, factor, &count)) refuse(text, what, "is too large", form);
        return count;
    }
    const double rounded = std::round(parse(text, what, units, form));
    if (rounded >= 0x1p63) refuse(text, what, "is too large", form);
    return static_cast<std::int64_t>(rounded);
}

struct Scale {
    double from;
    double divisor;
    std::string_view unit;
};

/// Three significant digits without an exponent for the sizes that tables show.
std::string scaled(double number, std::span<const Scale> scales) {
    if (!std::isfinite(number)) return "-";
    const double magnitude = std::abs(number);
    const Scale* chosen = &scales.back();
    for (const Scale& scale : scales) {
        if (magnitude >= 0.9995 * scale.from) {  // what would round up to this unit is shown in it
            chosen = &scale;
            break;
        }
    }
    const double value = number / chosen->divisor;
    const double size = std::abs(value);
    const int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size == 0 ? 0 : 2;
    return fmt::format("{:.{}f} {}", value, decimals, chosen->unit);
}

}  // namespace

Nanoseconds parse_duration(std::string_view text, std::string_view what) {
    return Nanoseconds(parse_whole(text, what, kDurations, "50ms"));
}
Seconds parse_lifetime(std::string_view text, std::string_view what) {
    return Seconds(parse(text, what, kLifetimes, "4years"));
}
Bytes parse_bytes(std::string_view text, std::string_view what) {
    return Bytes(parse_whole(text, what, kBytes, "512MiB"));
}
BytesPerSecond parse_bandwidth(std::string_view text, std::string_view what) {
    const BytesPerSecond bandwidth(parse(text, what, kBandwidths, "100Mbit/s"));
    if (!(bandwidth > BytesPerSecond(0))) {
        throw UsageError(fmt::format("{}: 0 carries nothing; leave it out where a link is not limited", what));
    }
    return bandwidth;
}
Watts parse_power(std::string_view text, std::string_view what) { return Watts(parse(text, what, kPowers, "4.5W")); }
CarbonIntensity parse_intensity(std::string_view text, std::string_view what) {
    return CarbonIntensity(parse(text, what, kIntensities, "530g/kWh"));
}
JoulesPerByte parse_energy_per_byte(std::string_view text, std::string_view what) {
    return JoulesPerByte(parse(text, what, kEnergyPerByte, "0.05kWh/GB"));
}
Joules parse_energy(std::string_view text, std::string_view what) { return Joules(parse(text, what, kEnergies, "3J")); }
GramsCo2e parse_mass(std::string_view text, std::string_view what) {
    return GramsCo2e(parse(text, what, kMasses, "30kg"));
}

double parse_number(std::string_view text, std::string_view what) {
    double number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || rest != end || !std::isfinite(number)) {
        throw UsageError(fmt::format("{}: '{}' is not a number, expected one such as 0.6", what, text));
    }
    return number;
}

std::string duration_text(Seconds time) {
    static constexpr std::array kScales{Scale{1.0, 1.0, "s"}, Scale{1e-3, 1e-3, "ms"}, Scale{1e-6, 1e-6, "us"},
                                        Scale{0.0, 1e-9, "ns"}};
    return scaled(time.count(), kScales);
}
std::string bytes_text(Bytes bytes) {
    static constexpr std::array kScales{Scale{1e9, 1e9, "GB"}, Scale{1e6, 1e6, "MB"}, Scale{1e3, 1e3, "kB"},
                                        Scale{0.0, 1.0, "B"}};
    return scaled(static_cast<double>(bytes.value()), kScales);
}
std::string energy_text(Joules energy) {
    static constexpr std::array kScales{Scale{1e6, 1e6, "MJ"},   Scale{1e3, 1e3, "kJ"},   Scale{1.0, 1.0, "J"},
                                        Scale{1e-3, 1e-3, "mJ"}, Scale{1e-6, 1e-6, "uJ"}, Scale{0.0, 1e-9, "nJ"}};
    return scaled(energy.value(), kScales);
}
std::string power_text(Watts power) {
    static constexpr std::array kScales{Scale{1e3, 1e3, "kW"}, Scale{1.0, 1.0, "W"}, Scale{0.0, 1e-3, "mW"}};
    return scaled(power.value(), kScales);
}
std::string mass_text(GramsCo2e mass) {
    static constexpr std::array kScales{Scale{1e6, 1e6, "t"},    Scale{1e3, 1e3, "kg"},   Scale{1.0, 1.0, "g"},
                                        Scale{1e-3, 1e-3, "mg"}, Scale{1e-6, 1e-6, "ug"}, Scale{0.0, 1e-9, "ng"}};
    return scaled(mass.value(), kScales);
}
std::string intensity_text(CarbonIntensity intensity) {
    static constexpr std::array kScales{Scale{0.0, 1.0, "g/kWh"}};
    return scaled(intensity.value(), kScales);
}
std::string bandwidth_text(BytesPerSecond bandwidth) {
    static constexpr std::array kScales{Scale{125e6, 125e6, "Gbit/s"}, Scale{125e3, 125e3, "Mbit/s"},
                                        Scale{0.0, 125.0, "kbit/s"}};
    return scaled(bandwidth.value(), kScales);
}

std::string number_text(double number) {
    std::array<char, 32> buffer{};
    char* const begin = buffer.data();
    const bool plain = std::abs(number) < 1e15 && std::trunc(number) == number;
    const auto [end, error] = plain ? std::to_chars(begin, begin + buffer.size(), number, std::chars_format::fixed)
                                    : std::to_chars(begin, begin + buffer.size(), number);
    return {begin, end};
}

std::string exact_duration(Nanoseconds time) {
    const std::int64_t count = time.count();
    if (count % 1'000'000'000 == 0) return fmt::format("{}s", count / 1'000'000'000);
    if (count % 1'000'000 == 0) return fmt::format("{}ms", count / 1'000'000);
    if (count % 1'000 == 0) return fmt::format("{}us", count / 1'000);
    return fmt::format("{}ns", count);
}

}  // namespace carbonedge
