#include "lib/exchange/stage_list.h"

#include "lib/exchange/foreign_problem.h"
#include "tests/support/error_text.h"

#include <doctest/doctest.h>

using namespace carbonedge;

namespace {

Profile four_layers() {
    return chain_profile({{"stem", 1, 1, 1}, {"body.0", 1, 1, 1}, {"body.1", 1, 1, 1}, {"head", 1, 1, 1}}, 1, "m", "m");
}

std::vector<ForeignStage> read(const std::string& text) { return read_stage_list(text, "mine.csv", four_layers()); }

std::string refusal(const std::string& text) {
    return error_text([&] { (void)read(text); });
}

}  // namespace

TEST_CASE("stages are named by the numbers or the names of their layers") {
    for (const char* text :
         {"node,first,last\na,0,2\nb,3,3\n", "last_layer,remark,node,first_layer\nbody.1,x,a,stem\nhead,y,b,head\n",
          "node,first,last_layer\na,0,body.1\nb,3,head\n"}) {
        CAPTURE(text);
        const std::vector<ForeignStage> stages = read(text);
        REQUIRE(stages.size() == 2);
        CHECK(stages[0].node == "a");
        CHECK(stages[0].layers == LayerRange{0, 3});
        CHECK(stages[1].node == "b");
        CHECK(stages[1].layers == LayerRange{3, 4});
    }
}

TEST_CASE("what is wrong with a list of stages is said with its line") {
    CHECK(refusal("node,first,last\n") == "mine.csv:1: there is no stage below the header");
    CHECK(refusal("node,first\na,0\n").starts_with("mine.csv:1: "));
    CHECK(refusal("node,first,last\na,0,4\n").starts_with("mine.csv:2: column 'last' is '4', expected"));
    CHECK(refusal("node,first,last\na,0,1\nb,1,3\n") ==
          "mine.csv:3: the stage begins with layer 1, expected 2 (body.1)");
    CHECK(refusal("node,first,last\na,0,3\nb,0,3\n") ==
          "mine.csv:3: the stage begins with layer 0, expected 4 (no more)");
    CHECK(refusal("node,first,last\na,0,1\nb,2,1\n") == "mine.csv:3: the stage ends with layer 1, before it begins");
    CHECK(refusal("node,first_layer,last_layer\na,stem,hed\n") ==
          "mine.csv:2: unknown layer 'hed' (did you mean 'head'?)");
}
