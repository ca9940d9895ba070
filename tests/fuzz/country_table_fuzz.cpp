// Tables of countries: refused, or every row has its year, source and licence and is found by its code.
#include "lib/carbon/country_table.h"
#include "tests/fuzz/round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    const auto table = fuzz::read_or_refuse(fuzz::text_of(bytes, size),
                                            [](std::string_view text) { return read_country_table(text, "fuzz"); });
    if (!table) return 0;
    for (const CountryIntensity& row : *table) {
        fuzz::require(!row.source.empty() && !row.url.empty() && !row.licence.empty() && row.year > 0);
        fuzz::require(find_country(*table, row.code) == row);
    }
    return 0;
}
