#pragma once

#include "lib/units/quantity.h"

#include <string>
#include <string_view>

namespace carbonedge {

/// Readers of quantities as people type them: a number directly followed by, or separated by one space from, its unit.
/// A bare number, an unknown unit, a negative or non-finite number throws UsageError, a line that shows the right form.
/// `what` names the thing ("--slo", "node.green memory") at the start of that line.
Nanoseconds parse_duration(std::string_view text, std::string_view what);  ///< 50ms; ns us ms s min h
Seconds parse_lifetime(std::string_view text, std::string_view what);      ///< 4years; s h days years
Bytes parse_bytes(std::string_view text, std::string_view what);           ///< 512MiB; B kB MB GB KiB MiB GiB
BytesPerSecond parse_bandwidth(std::string_view text,
                               std::string_view what);            ///< 100Mbit/s; also Gbit/s kbit/s MB/s MiB/s; above 0
Watts parse_power(std::string_view text, std::string_view what);  ///< 4.5W; mW W kW
CarbonIntensity parse_intensity(std::string_view text, std::string_view what);  ///< 530g/kWh; also gCO2e/kWh
JoulesPerByte parse_energy_per_byte(std::string_view text,
                                    std::string_view what);          ///< 0.05kWh/GB; also J/B, J/GB, nJ/B
Joules parse_energy(std::string_view text, std::string_view what);   ///< 3J; mJ J kJ Wh kWh
GramsCo2e parse_mass(std::string_view text, std::string_view what);  ///< 30kg; ug mg g kg
double parse_number(std::string_view text, std::string_view what);   ///< 0.6, no unit

/// The same quantities for people, three significant digits and a fitting unit: "12.4 ms", "3.5 MB", "5.29 mg".
std::string duration_text(Seconds time);
std::string bytes_text(Bytes bytes);
std::string energy_text(Joules energy);
std::string power_text(Watts power);
std::string mass_text(GramsCo2e mass);
std::string intensity_text(CarbonIntensity intensity);
std::string bandwidth_text(BytesPerSecond bandwidth);

/// Shortest decimal that reads back to the same double ("0.1", "1e-09"), whole numbers below 1e15 without an exponent
/// ("100000"); locale-free. The form numbers take in files.
std::string number_text(double number);

/// The canonical, parseable spelling used in files and -v output: "50ms" "512MiB" "12500000B/s" style, exact.
std::string exact_duration(Nanoseconds time);

}  // namespace carbonedge
