#include "lib/profiler/memory_probe.h"

#include "lib/base/errors.h"

#include <doctest/doctest.h>
#include <string>

namespace carbonedge {

TEST_CASE("a probe's line reads back, anything else is refused") {
    const StageMemory memory = parse_stage_memory(stage_memory_text({Bytes(1000), Bytes(5000)}));
    CHECK(memory.base == Bytes(1000));
    CHECK(memory.peak == Bytes(5000));
    for (const std::string text :
         {"", "stage-memory", "stage-memory 5", "stage-memory 5000 1000", "memory 1 2", "stage-memory 0 5"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(parse_stage_memory(text), EnvironmentError);
    }
}

}  // namespace carbonedge
