#include "lib/base/spelling.h"

#include <doctest/doctest.h>
#include <vector>

namespace carbonedge {

TEST_CASE("the nearest name is suggested and far ones are not") {
    const std::vector<std::string> names{"green", "edge", "cloud"};
    CHECK(nearest_name("gren", names) == "green");
    CHECK(nearest_name("zzzzzzzz", names).empty());
    CHECK(unknown_name_message("node", "gren", names) ==
          "unknown node 'gren' (did you mean 'green'?); valid: green, edge, cloud");
}

}  // namespace carbonedge
