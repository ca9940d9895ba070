// Quantities as typed: any text is read to a finite value that is not negative, or refused with one line.
#include "lib/base/errors.h"
#include "lib/units/text.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

template <class Read>
void try_reader(std::string_view text, Read read) {
    try {
        const double value = read(text);
        require(std::isfinite(value) && value >= 0);
    } catch (const carbonedge::UsageError&) {  // the only thing that a reader of typed text may throw
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    try_reader(text, [](std::string_view typed) {
        const Nanoseconds time = parse_duration(typed, "x");
        require(parse_duration(exact_duration(time), "x") == time);
        return static_cast<double>(time.count());
    });
    try_reader(text, [](std::string_view typed) { return parse_lifetime(typed, "x").count(); });
    try_reader(text, [](std::string_view typed) { return static_cast<double>(parse_bytes(typed, "x").value()); });
    try_reader(text, [](std::string_view typed) { return parse_bandwidth(typed, "x").value(); });
    try_reader(text, [](std::string_view typed) { return parse_power(typed, "x").value(); });
    try_reader(text, [](std::string_view typed) { return parse_intensity(typed, "x").value(); });
    try_reader(text, [](std::string_view typed) { return parse_energy_per_byte(typed, "x").value(); });
    try_reader(text, [](std::string_view typed) { return parse_energy(typed, "x").value(); });
    try_reader(text, [](std::string_view typed) { return parse_mass(typed, "x").value(); });
    try {
        const double number = parse_number(text, "x");
        require(parse_number(number_text(number), "x") == number);
    } catch (const UsageError&) {
    }
    return 0;
}
