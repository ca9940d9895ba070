// Carbon intensity files of every kind: refused, or written in our own form, which reads back alike.
#include "lib/carbon/intensity_file.h"
#include "tests/fuzz/round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    const std::string_view all = fuzz::text_of(bytes, size);
    if (all.empty()) return 0;
    // The first byte chooses what the user says beside the file.
    const auto choices = static_cast<unsigned char>(all.front());
    IntensityChoice choice;
    if ((choices & 1U) != 0) choice.scope = (choices & 2U) != 0 ? IntensityScope::kDirect : IntensityScope::kLifecycle;
    if ((choices & 4U) != 0)
        choice.signal = (choices & 8U) != 0 ? IntensitySignal::kAverage : IntensitySignal::kMarginal;
    fuzz::round_trip(
        all.substr(1), [&](std::string_view text) { return read_intensity(text, "fuzz", choice); },
        [](const IntensitySeries& series) { return write_intensity(series); });
    return 0;
}
