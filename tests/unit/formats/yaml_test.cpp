#include "lib/formats/yaml.h"

#include "tests/support/error_text.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

using namespace carbonedge;

TEST_CASE("YAML is read as the JSON that it stands for") {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"a: 1\nb: [2, 2.5, -3e2, +4, .5, 1.0e-05]\n", R"({"a":1,"b":[2,2.5,-300.0,4,0.5,1e-05]})"},
        {"- true\n- False\n- null\n- ~\n-\n", "[true,false,null,null,null]"},
        {"a: '1'\nb: \"true\"\nc: 1.2.3\nd: torch.float32\ne: 0x10\nf: .inf\ng: yes\n",
         R"({"a":"1","b":"true","c":"1.2.3","d":"torch.float32","e":"0x10","f":".inf","g":"yes"})"},
        {"a:\n- b: {c: []}\n", R"({"a":[{"b":{"c":[]}}]})"},
        {"1: x\n2.5: y\n", R"({"1":"x","2.5":"y"})"},
        {"plain\n", R"("plain")"},
        {"---\na: 1\n...\n", R"({"a":1})"},
        {"a: [1,\n  2]  # remark\n", R"({"a":[1,2]})"},
    };
    for (const auto& [yaml, json] : cases) {
        const JsonDocument document = read_yaml(yaml, "f.yml");
        CHECK(document.root().value().dump() == json);
    }
}

TEST_CASE("values of a YAML text know their lines") {
    const JsonDocument document = read_yaml("a: 1\nb:\n  c:\n  - 2\n  - 3\n", "f.yml");
    const JsonCursor root = document.root();
    CHECK(root.at("a").line() == 1);
    CHECK(root.at("b").at("c").elements()[1].line() == 5);
    CHECK(error_text([&] { (void)root.at("b").at("c").elements()[1].text(); }).starts_with("f.yml:5: "));
    CHECK(error_text([&] { (void)root.at("b").at("d"); }).starts_with("f.yml:3: "));
}

TEST_CASE("what YAML can do beyond JSON is refused with its line") {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "f.yml:1: is empty; expected YAML"},
        {"# remark\n", "f.yml:1: is empty; expected YAML"},
        {"a: &x [1]\nb: *x\n", "f.yml:1: YAML anchors are not read; write the value out where it is needed"},
        {"a: 1\nb: *x\n", "f.yml:2: not valid YAML: the referenced anchor is not defined"},
        {"a: 1\n<<: {b: 1}\n", "f.yml:2: YAML merge keys are not read; write the values out"},
        {"a: !!binary x\n", "f.yml:1: YAML tags such as 'tag:yaml.org,2002:binary' are not read"},
        {"a: 1\nb: 2\na: 3\n", "f.yml:3: duplicate key 'a'"},
        {"[1, 2]: 3\n", "f.yml:1: a key is no text"},
        {"~: 3\n", "f.yml:1: a key is missing"},
        {"a: 1\n---\nb: 2\n", "f.yml:2: a second YAML document starts; expected one"},
        {"a: [1\n", "f.yml:2: not valid YAML: end of sequence flow not found"},
        {"a: 1\n b: 2\n", "f.yml:2: not valid YAML: illegal map value"},
        {"a: \xff\n", "f.yml:1: byte 0xff is not UTF-8; expected text in UTF-8"},
    };
    for (const auto& [yaml, message] : cases) {
        CHECK(error_text([&yaml = yaml] { (void)read_yaml(yaml, "f.yml"); }) == message);
    }
}

TEST_CASE("what is written as YAML is read as the same value") {
    const nlohmann::ordered_json value = {
        {"name", "a: b # c \"quoted\" \\ \xC3\xA9\n"},
        {"yes", "true"},
        {"12", "12"},
        {"a key: with", nullptr},
        {"numbers", {1, -2, 0.1, 1e-5, 1.5e300, 0.0}},
        {"flags", {true, false}},
        {"empty", ""},
        {"nested",
         {{"list", nlohmann::ordered_json::array({{{"x", 1}}, {{"y", nlohmann::ordered_json::array({1, 2})}}})}}}};
    const std::string text = write_yaml(value);
    CHECK(read_yaml(text, "f.yml").root().value() == value);
    CHECK(text.find("1.0e-05") != std::string::npos);
    CHECK(text.find("\"yes\": \"true\"") != std::string::npos);
}

TEST_CASE("bombs of YAML are refused before they go off") {
    CHECK(error_text([] { (void)read_yaml(std::string(100, '[') + std::string(100, ']'), "f.yml"); }) ==
          "f.yml:1: nested deeper than 64 levels");
    std::string block;
    for (int depth = 0; depth < 100; ++depth) block += "- ";
    CHECK(error_text([&] { (void)read_yaml(block + "1", "f.yml"); }) == "f.yml:1: nested deeper than 64 levels");
    CHECK(error_text([] { (void)read_yaml(std::string(100'000, '['), "f.yml"); }).starts_with("f.yml:1: "));
    CHECK(error_text([] { (void)read_yaml(std::string(kLargestYaml + 1, ' '), "f.yml"); }) ==
          "f.yml: 16777217 bytes of YAML; at most 16777216 are read");
    const std::string laughs = "a: &a [x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n";
    CHECK(error_text([&] { (void)read_yaml(laughs, "f.yml"); }).starts_with("f.yml:1: YAML anchors are not read"));
}

TEST_CASE("texts and keys that YAML could take for something else stay texts") {
    using Json = nlohmann::ordered_json;
    Json whole = Json::object();
    for (const char* text :
         {"",           " ",     "a",      "no",           "No",          "YES",   "on",        "y",
          "~",          "null",  "Null",   "true",         "1",           "1e3",   "0x1F",      ".5",
          "-",          "- a",   "a: b",   "a #b",         "#",           "'",     "\"",        "\\",
          "[a]",        "{a}",   "&a",     "*a",           "!a",          "%",     "@",         "`",
          "2030-05-17", "12:30", "/run/x", "0.0.0.0:7001", "line\nbreak", "tab\t", "gr\u00fcn", "--name",
          "true ",      "=",     "---",    "...",          "///",         "/1"}) {
        whole["list"].push_back(text);
        whole["keys"][text] = text;
    }
    whole["numbers"] = {0, -1, 65536, 1.5, 1e-9, 288};
    whole["others"] = {nullptr, true, false, Json::object(), Json::array(), {{"a", Json::array({Json::array({1})})}}};
    const std::string text = write_yaml(whole);
    const JsonDocument document = read_yaml(text, "out");
    CHECK(document.root().value() == whole);
    CHECK(text.ends_with("\n"));
}
