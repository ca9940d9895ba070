#include "lib/formats/json.h"
#include "lib/base/random.h"
#include "tests/support/error_text.h"

#include <doctest/doctest.h>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

std::string read_error(std::string_view text) {
    return error_text([&] { read_json(text, "a.json"); });
}

Json random_json(SeededRandom& random, int depth) {
    const std::uint64_t kinds = depth > 4 ? 6 : 8;
    switch (random.below(kinds)) {
        case 0:
            return nullptr;
        case 1:
            return random.below(2) == 1;
        case 2:
            return static_cast<std::int64_t>(random.next());
        case 3:
            return random.next();
        case 4: {
            // Any bit pattern that is a number: the shortest text must read back to the same bits.
            std::uint64_t bits = random.next();
            double number = 0;
            std::memcpy(&number, &bits, sizeof number);
            return std::isfinite(number) ? number : 0.25;
        }
        case 5: {
            static const std::vector<std::string> kTexts{
                "", "plain", "\"quoted\" \\ back", "tab\tnew\nline", "\x01\x7f", "ü", "日本", "\xF0\x9F\x8C\xB1"};
            return kTexts[random.below(kTexts.size())];
        }
        case 6: {
            Json array = Json::array();
            for (std::uint64_t i = random.below(5); i > 0; --i) array.push_back(random_json(random, depth + 1));
            return array;
        }
        default: {
            Json object = Json::object();
            for (std::uint64_t i = random.below(40); i > 0; --i) {
                object["key" + std::to_string(i)] = random.below(3) == 0 ? random_json(random, depth + 1) : Json(i);
            }
            return object;
        }
    }
}

}  // namespace

TEST_CASE("every JSON value knows its line") {
    const JsonDocument document =
        read_json("{\n \"a\": 1,\n \"b\": [\n  2\n ,\n 3], \"c\"\n:\n{\"d\":\n-1.5\n}\n}", "a.json");
    const JsonCursor root = document.root();
    CHECK(root.line() == 1);
    CHECK(root.at("a").line() == 2);
    CHECK(root.at("b").line() == 3);
    CHECK(root.at("b").elements()[0].line() == 4);
    CHECK(root.at("b").elements()[1].line() == 6);
    CHECK(root.at("c").line() == 8);
    CHECK(root.at("c").at("d").line() == 9 + 0);
    CHECK(root.at("c").at("d").number() == -1.5);
    CHECK(read_json("\n\n7", "a.json", 10).root().line() == 12);
}

TEST_CASE("what is not strict JSON is refused with its line") {
    struct Row {
        std::string text;
        std::string expected;
    };
    const std::string deep = std::string(65, '[') + std::string(65, ']');
    const std::vector<Row> rows{
        {"", "a.json:1: is empty; expected JSON"},
        {" \r\n\t ", "a.json:1: is empty; expected JSON"},
        {"{\"a\": 1,\n\"a\": 2}", "a.json:2: duplicate key 'a'"},
        {"{\"a\":{\"b\":1,\n\n\"b\":1}}", "a.json:3: duplicate key 'b'"},
        {"{} x",
         "a.json:1: not valid JSON: syntax error while parsing value - invalid literal; last read: '{} x'; "
         "expected end of input"},
        {"{\"a\":\n",
         "a.json:1: not valid JSON: syntax error while parsing value - unexpected end of input; expected "
         "'[', '{', or a literal"},
        {"[1,]",
         "a.json:1: not valid JSON: syntax error while parsing value - unexpected ']'; expected '[', '{', or a "
         "literal"},
        {"[\n1e999]", "a.json:2: not valid JSON: number overflow parsing '1e999'"},
        {"NaN", "a.json:1: not valid JSON: syntax error while parsing value - invalid literal; last read: 'N'"},
        {"\xEF\xBB\xBF{}", "a.json:1: starts with a byte order mark; save it as UTF-8 without one"},
        {"\"\n\xFF\"", "a.json:2: byte 0xff is not UTF-8; expected text in UTF-8"},
        {std::string("{\n\0}", 4), "a.json:2: contains a NUL byte; expected text"},
        {deep, "a.json:1: nested deeper than 64 levels"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(read_error(row.text) == row.expected);
    }
    CHECK(read_error(std::string(64, '[') + std::string(64, ']')) == "nothing was thrown");
}

TEST_CASE("a doubled key is found among many") {
    std::string text = "{";
    for (int i = 0; i < 100; ++i) text += "\"k" + std::to_string(i) + "\": 0,\n";
    CHECK(read_error(text + "\"k100\": 0}") == "nothing was thrown");
    for (const std::string key : {"k0", "k23", "k24", "k99"}) {
        CHECK(read_error(text + "\"" + key + "\": 0}") == "a.json:101: duplicate key '" + key + "'");
    }
}

TEST_CASE("getters refuse what was not asked for") {
    const JsonDocument document = read_json(
        "{\"text\": \"x\",\n\"whole\": 7,\n\"real\": 0.5,\n\"yes\": true,\n\"none\": null,\n\"large\": "
        "18446744073709551615,\n\"list\": [1, \"two\"],\n\"nodes\": {\"edge\": 1}}",
        "a.json");
    const JsonCursor root = document.root();
    CHECK(root.at("text").text() == "x");
    CHECK(root.at("whole").integer() == 7);
    CHECK(root.at("whole").number() == 7.0);
    CHECK(root.at("yes").boolean());
    CHECK(root.at("large").unsigned_integer() == 18446744073709551615ULL);
    CHECK_FALSE(root.find("absent").has_value());

    struct Row {
        std::string expected;
        std::function<void()> body;
    };
    const std::vector<Row> rows{
        {"a.json:1: missing key 'absent' in the document", [&] { (void)root.at("absent"); }},
        {"a.json:8: missing key 'green' in 'nodes'", [&] { (void)root.at("nodes").at("green"); }},
        {"a.json:2: 'whole' is 7, expected a text", [&] { (void)root.at("whole").text(); }},
        {"a.json:1: 'text' is the text 'x', expected a number", [&] { (void)root.at("text").number(); }},
        {"a.json:3: 'real' is 0.5, expected a whole number", [&] { (void)root.at("real").integer(); }},
        {"a.json:2: 'whole' is 7, expected a whole number within [0, 6]",
         [&] { (void)root.at("whole").integer(0, 6); }},
        {"a.json:2: 'whole' is 7, expected a whole number at least 8", [&] { (void)root.at("whole").integer(8); }},
        {"a.json:6: 'large' is 18446744073709551615, expected a whole number at least 0",
         [&] { (void)root.at("large").integer(0); }},
        {"a.json:3: 'real' is 0.5, expected a number at least 1", [&] { (void)root.at("real").number(1); }},
        {"a.json:5: 'none' is null, expected true or false", [&] { (void)root.at("none").boolean(); }},
        {"a.json:7: 'list' is the text 'two', expected a number",
         [&] { (void)root.at("list").elements()[1].number(); }},
        {"a.json:7: 'list' is an array, expected an object", [&] { (void)root.at("list").at("x"); }},
        {"a.json:8: 'nodes' is an object, expected an array", [&] { (void)root.at("nodes").elements(); }},
        {"a.json:8: unknown key 'edge' (did you mean 'edges'?)",
         [&] {
             root.at("nodes").expect_only({"edges", "x"});
         }},
        {"a.json:8: unknown key 'edge'", [&] { root.at("nodes").expect_only({"completely"}); }},
    };
    for (const Row& row : rows) CHECK(error_text(row.body) == row.expected);
}

TEST_CASE("members on lines of their own become one object") {
    const std::vector<JsonMember> members{{"a", "1", 3}, {"b", "{\"c\":\"x\"}", 7}};
    const JsonDocument document = read_json_members(members, "p.csv");
    CHECK(document.root().at("b").at("c").line() == 7);
    CHECK(error_text([&] { document.root().expect_only({"a"}); }) == "p.csv:7: unknown key 'b' (did you mean 'a'?)");
    CHECK(error_text([&] {
              read_json_members(std::vector<JsonMember>{{"a", "1", 3}, {"a", "1", 4}}, "p.csv");
          }) == "p.csv:4: duplicate key 'a'");
    // A value cannot smuggle in a second member.
    CHECK(error_text([&] {
              read_json_members(std::vector<JsonMember>{{"a", "1, \"b\": 2", 3}}, "p.csv");
          }).starts_with("p.csv:3: not valid JSON"));
}

TEST_CASE("JSON is written in one form") {
    const Json value{
        {"a", 0.1},        {"b", {1, 2.5, -0.0}}, {"c", {{"d", "x\"y"}, {"e", Json::array()}, {"f", Json::object()}}},
        {"g", {"p", "q"}}, {"h", 1e300},          {"i", nullptr},
        {"j", false}};
    CHECK(write_json(value) == R"({
  "a": 0.1,
  "b": [1, 2.5, 0],
  "c": {
    "d": "x\"y",
    "e": [],
    "f": {}
  },
  "g": [
    "p",
    "q"
  ],
  "h": 1e+300,
  "i": null,
  "j": false
}
)");
    CHECK(write_json_line(value) ==
          R"({"a":0.1,"b":[1,2.5,0],"c":{"d":"x\"y","e":[],"f":{}},"g":["p","q"],"h":1e+300,"i":null,"j":false})");
    CHECK(write_json_line(Json("\xFF")) == "\"\xEF\xBF\xBD\"");
    CHECK_THROWS_AS(write_json(Json(std::nan(""))), std::invalid_argument);
    CHECK_THROWS_AS(write_json(Json(HUGE_VAL)), std::invalid_argument);
}

TEST_CASE("random JSON survives writing, reading and writing again") {
    SeededRandom random(7);
    for (int round = 0; round < 300; ++round) {
        const Json value = random_json(random, 0);
        const std::string text = write_json(value);
        const JsonDocument document = read_json(text, "a.json");
        CHECK(document.root().value() == value);
        REQUIRE(write_json(document.root().value()) == text);
        const std::string line = write_json_line(value);
        CHECK(line.find('\n') == std::string::npos);
        REQUIRE(write_json(read_json(line, "a.json").root().value()) == text);
    }
}

}  // namespace carbonedge
