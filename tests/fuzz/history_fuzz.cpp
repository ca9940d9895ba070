// Histories: JSON lines, any of which may be cut off.
#include "lib/gate/history.h"
#include "tests/fuzz/round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    fuzz::round_trip(
        fuzz::text_of(bytes, size),
        [](std::string_view text) {
            History history = read_history(text, "fuzz");
            history.remarks.clear();  // of what is not written again
            return history;
        },
        [](const History& history) {
            std::string text;
            for (const HistoryEntry& entry : history.entries) text += history_line(entry);
            return text;
        });
    return 0;
}
