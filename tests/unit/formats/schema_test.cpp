#include "lib/formats/schema.h"
#include "tests/support/error_text.h"

#include <doctest/doctest.h>
#include <vector>

namespace carbonedge {

TEST_CASE("a schema is of the right thing and not newer than what can be read") {
    CHECK(schema_text("plan", 1) == "carbonedge.plan/1");
    CHECK(expect_schema("carbonedge.plan/1", "plan", 2, "p.json", 1) == 1);
    CHECK(expect_schema("carbonedge.plan/2", "plan", 2, "p.json", 1) == 2);
    struct Row {
        std::string schema;
        std::string expected;
    };
    const std::vector<Row> rows{
        {"carbonedge.plan/3", "p.json:4: has schema version 3, this carbonedge reads up to 2; use a newer carbonedge"},
        {"carbonedge.profile/1", "p.json:4: is a 'carbonedge.profile/1', expected carbonedge.plan/2"},
        {"carbonedge.plan/0", "p.json:4: 'carbonedge.plan/0' is no schema, expected carbonedge.plan/2"},
        {"carbonedge.plan/01", "p.json:4: 'carbonedge.plan/01' is no schema, expected carbonedge.plan/2"},
        {"carbonedge.plan/-1", "p.json:4: 'carbonedge.plan/-1' is no schema, expected carbonedge.plan/2"},
        {"carbonedge.plan/99999999999",
         "p.json:4: 'carbonedge.plan/99999999999' is no schema, expected carbonedge.plan/2"},
        {"carbonedge.plan", "p.json:4: 'carbonedge.plan' is no schema, expected carbonedge.plan/2"},
        {"other.plan/1", "p.json:4: 'other.plan/1' is no schema, expected carbonedge.plan/2"},
        {"", "p.json:4: '' is no schema, expected carbonedge.plan/2"},
    };
    for (const Row& row : rows) {
        CHECK(error_text([&] { expect_schema(row.schema, "plan", 2, "p.json", 4); }) == row.expected);
    }
}

TEST_CASE("the schema of a text is found in JSON, JSON lines and CSV") {
    CHECK(schema_of("{\n  \"schema\": \"carbonedge.plan/1\",\n") == "carbonedge.plan/1");
    CHECK(schema_of("{\"schema\":\"carbonedge.run/1\",\"x\":1}\n{}") == "carbonedge.run/1");
    CHECK(schema_of("# schema: \"carbonedge.profile/1\"\n") == "carbonedge.profile/1");
    for (const std::string text : {"", "{", "{}", "{\"a\":1}", "{\"schema\"", "{\"schema\":1}", "{\"schema\":\"x",
                                   "{\"schema\":\"x\\u0041\"}", "# other: \"x\"", "schema", "[node.a]"}) {
        CAPTURE(text);
        CHECK(schema_of(text).empty());
    }
}

}  // namespace carbonedge
