#include "lib/exchange/table_problem.h"

#include "lib/profile/profile_file.h"
#include "tests/support/error_text.h"

#include <doctest/doctest.h>

using namespace carbonedge;

namespace {

Profile read(const std::string& text, const TableRequest& request = {}) {
    return read_table_problem({text, "t.csv"}, request, {}).profiles.front();
}

std::string refusal(const std::string& text, const TableRequest& request = {}) {
    return error_text([&] { (void)read(text, request); });
}

}  // namespace

TEST_CASE("columns that are called by their role need no words") {
    TableRequest request;
    request.input_bytes = Bytes(600);
    const Profile profile =
        read("name,time_ms,output_kB,weights_MiB,parameters\na,1.5,2,1,70\nb,0.25,0.5,0,0\n", request);
    REQUIRE(profile.layers.size() == 2);
    CHECK(profile.layers[0].name == "a");
    CHECK(profile.layers[0].latency_median == Nanoseconds(1'500'000));
    CHECK(profile.layers[0].cpu_mean == Nanoseconds(1'500'000));
    CHECK(profile.layers[0].outputs.front().bytes == Bytes(2000));
    CHECK(profile.layers[0].weight_bytes == Bytes(1'048'576));
    CHECK(profile.layers[0].parameters == 70);
    CHECK(profile.layers[1].inputs == std::vector<std::int64_t>{1});
    CHECK(profile.input_values.front().bytes == Bytes(600));
    CHECK(read_profile(write_profile(profile), "profile") == profile);
}

TEST_CASE("other headers are said to be what they are, with or without a unit of their own") {
    TableRequest request;
    request.columns = {{"time", "Latency:us"}, {"output", "act_KiB"}, {"name", "op"}, {"inputs", "reads"}};
    const Profile profile = read(
        "op,Latency,act_KiB,reads,ignored\nstem,10,1,input,x\nleft,20,2,stem,\nright,30,3,stem input,\njoin,5,1,left "
        "right,\n",
        request);
    REQUIRE(profile.layers.size() == 4);
    CHECK(profile.layers[1].latency_median == Nanoseconds(20'000));
    CHECK(profile.layers[2].inputs == std::vector<std::int64_t>{0, 1});
    CHECK(profile.layers[3].inputs == std::vector<std::int64_t>{2, 3});
    CHECK(profile.layers[3].outputs.front().bytes == Bytes(1024));
    CHECK(profile.output_values == std::vector<std::int64_t>{4});
}

TEST_CASE("what is wrong with a table is said with its line or its option") {
    CHECK(refusal("name,speed\na,1\n") ==
          "t.csv:1: no column holds times: name one time_ms (or _s, _us, _ns), or say which it is with --column "
          "time=HEADER:UNIT");
    CHECK(refusal("time_ms\n") == "t.csv:1: there is no row below the header");
    CHECK(refusal("time_ms\nfast\n").starts_with("t.csv:2: column 'time_ms' is 'fast', expected"));
    CHECK(refusal("time_ms\n-1\n").starts_with("t.csv:2: column 'time_ms' is '-1', expected"));
    CHECK(refusal("name,time_ms\na,1\na,1\n") == "t.csv:3: the row 'a' is there twice");
    CHECK(refusal("name,time_ms,inputs\na,1,b\nb,1,a\n") ==
          "t.csv:2: reads 'b', expected the names of rows above, or input");
    CHECK(refusal("Latency\n1\n", {{{"time", "Latency"}}, {}, {}}) ==
          "--column time: the unit of 'Latency' is not known, expected one of ms, ns, s, us after a colon, such as "
          "time=Latency:ms");
    CHECK(refusal("Latency\n1\n", {{{"time", "Latensy:ms"}}, {}, {}}) ==
          "--column time: unknown column 'Latensy' (did you mean 'Latency'?); valid: Latency");
    CHECK(refusal("Latency\n1\n", {{{"tim", "Latency:ms"}}, {}, {}}) ==
          "--column: unknown role 'tim' (did you mean 'time'?); valid: time, cpu_time, output, weights, parameters, "
          "name, type, inputs");
    CHECK(refusal("time_s\n1e15\n") == "t.csv: a sum over the layers is larger than a profile can hold");
}
