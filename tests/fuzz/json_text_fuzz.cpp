// JSON: any text is refused, or every value has a line within it and both written forms read back to the same value.
#include "lib/formats/json.h"
#include "tests/fuzz/round_trip.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace {

using namespace carbonedge;

void walk(const JsonCursor& cursor, long first, long last) {
    fuzz::require(cursor.line() >= first && cursor.line() <= last);
    if (cursor.is_array()) {
        for (const JsonCursor& element : cursor.elements()) walk(element, cursor.line(), last);
    } else if (cursor.is_object()) {
        for (const auto& [key, member] : cursor.members()) walk(member, cursor.line(), last);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text = fuzz::text_of(bytes, size);
    const auto document = fuzz::read_or_refuse(text, [](std::string_view json) { return read_json(json, "fuzz"); });
    if (!document) return 0;
    walk(document->root(), 1, 1 + std::count(text.begin(), text.end(), '\n'));
    const std::string written = write_json(document->root().value());
    const std::string line = write_json_line(document->root().value());
    fuzz::require(line.find('\n') == std::string::npos);
    fuzz::require(write_json(read_json(written, "fuzz").root().value()) == written);
    fuzz::require(write_json(read_json(line, "fuzz").root().value()) == written);
    return 0;
}
