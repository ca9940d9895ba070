#include "lib/profile/profile_file.h"
#include "tests/support/error_text.h"
#include "tests/support/random_profile.h"

#include <doctest/doctest.h>
#include <stdexcept>

namespace carbonedge {
namespace {

const std::string kHeader =
    R"(# schema: "carbonedge.profile/1"
# tool_version: "0.1.0"
# model_name: "tiny.pt"
# model_sha256: "ab12"
# inputs: ["1x3x8x8"]
# input_values: [{"id":0,"bytes":768}]
# output_values: [2]
# execution: "optimised"
# threads: 1
# blas: "OpenBLAS"
# allocator: "glibc"
# cpu: "a cpu"
# machine: "a machine"
# date_utc: "2026-01-02T03:04:05Z"
# cpus_limit: 0.4
# memory_limit_bytes: 536870912
# limit_enforced: true
# meter: "model:cpu-seconds"
# stopping_rule: "relative-ci=0.01"
# whole_median_ns: 3000
# whole_mean_ns: 3100
# whole_cpu_mean_ns: 3050
# runtime_base_bytes: 1000
# load_peak_bytes: 2000
# boundary: {"fixed_ns":100,"per_byte_ns":0.25}
# checks: [{"name":"sum-of-layers","value":0.99,"limit":0.05,"passed":true,"remark":""}]
# warnings: []
# environment: {"kernel":"6.1"}
)";
const std::string kColumns =
    "index,name,type,folded,inputs,outputs,cut_after,cut_reason,parameters,macs,weight_bytes,activation_bytes,"
    "peak_bytes,latency_median_ns,latency_q1_ns,latency_q3_ns,latency_min_ns,latency_mean_ns,samples,cpu_mean_ns,"
    "energy_joules,energy_uncertainty_joules,energy_provenance,energy_source,energy_boundary\n";
const std::string kFirstRow =
    "0,features.0,Conv2d,features.1;features.2,0,1:256,false,a list "
    "crosses,84,5376,336,256,1024,1000,900,1100,800,1010,"
    "50,1005,0.5,0.25,estimated,model:cpu-seconds,core-dynamic\n";
const std::string kSecondRow = "1,head,Linear,,0 1,2:40,true,,10,10,40,40,300,2000,1900,2100,1800,2010,50,2005,,,,,\n";
const std::string kText = kHeader + kColumns + kFirstRow + kSecondRow;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE_MESSAGE(at != std::string::npos, from);
    return text.replace(at, from.size(), to);
}

std::string profile_error(const std::string& text) {
    return error_text([&] { read_profile(text, "p.csv"); });
}

}  // namespace

TEST_CASE("a profile is read as it stands and written back byte for byte") {
    const Profile profile = read_profile(kText, "p.csv");
    CHECK(profile.model_name == "tiny.pt");
    CHECK(profile.input_values == std::vector<ValueRef>{{0, Bytes(768)}});
    CHECK(profile.output_values == std::vector<std::int64_t>{2});
    CHECK(profile.cpus_limit == 0.4);
    CHECK(profile.memory_limit == Bytes(536'870'912));
    CHECK(profile.boundary == BoundaryCost{100, 0.25});
    CHECK(profile.checks.at(0).name == "sum-of-layers");
    CHECK(profile.environment.at("kernel") == "6.1");
    REQUIRE(profile.layers.size() == 2);
    const LayerProfile& first = profile.layers[0];
    CHECK(first.folded == std::vector<std::string>{"features.1", "features.2"});
    CHECK(first.outputs == std::vector<ValueRef>{{1, Bytes(256)}});
    CHECK_FALSE(first.cut_after);
    CHECK(first.cut_reason == "a list crosses");
    CHECK(first.macs == 5376);
    CHECK(first.peak_bytes == Bytes(1024));
    CHECK(first.latency_median.count() == 1000);
    CHECK(first.latency_min.count() == 800);
    CHECK(first.cpu_mean.count() == 1005);
    CHECK(first.energy->joules == Joules(0.5));
    CHECK(first.energy->boundary == "core-dynamic");
    CHECK(profile.layers[1].inputs == std::vector<std::int64_t>{0, 1});
    CHECK_FALSE(profile.layers[1].energy.has_value());
    CHECK(write_profile(profile) == kText);
}

TEST_CASE("carriage returns before line feeds are read and not written") {
    std::string with_returns;
    for (const char c : kText) {
        if (c == '\n') with_returns += '\r';
        with_returns += c;
    }
    CHECK(write_profile(read_profile(with_returns, "p.csv")) == kText);
}

TEST_CASE("random profiles survive writing and reading") {
    SeededRandom random(3);
    for (std::size_t round = 0; round < 200; ++round) {
        const Profile profile = random_profile(random, 1 + round % 7);
        const std::string text = write_profile(profile);
        const Profile back = read_profile(text, "p.csv");
        REQUIRE(back == profile);
        REQUIRE(write_profile(back) == text);
    }
}

TEST_CASE("what is wrong with a profile is said with file and line") {
    struct Row {
        std::string from;
        std::string to;
        std::string expected;
    };
    const std::vector<Row> rows{
        {"carbonedge.profile/1", "carbonedge.profile/2",
         "p.csv:1: has schema version 2, this carbonedge reads up to 1; use a newer carbonedge"},
        {"carbonedge.profile/1", "carbonedge.plan/1",
         "p.csv:1: is a 'carbonedge.plan/1', expected carbonedge.profile/1"},
        {"# schema: \"carbonedge.profile/1\"\n", "",
         "p.csv:1: is no profile: the first line must be `# schema: \"carbonedge.profile/1\"`"},
        {"# schema", "\xEF\xBB\xBF# schema", "p.csv:1: starts with a byte order mark; save it as UTF-8 without one"},
        {"# threads: 1", "# threads 1", "p.csv:9: is no header line, expected `# key: JSON value`"},
        {"# threads: 1", "# threads: 0", "p.csv:9: 'threads' is 0, expected a whole number within [1, 65536]"},
        {"# threads: 1", "# threads: 1.5", "p.csv:9: 'threads' is 1.5, expected a whole number"},
        {"# threads: 1", "# treads: 1", "p.csv:9: unknown key 'treads' (did you mean 'threads'?)"},
        {"# threads: 1", "# blas: \"x\"", "p.csv:10: duplicate key 'blas'"},
        {"# threads: 1\n", "", "p.csv:27: missing key 'threads' in the header lines above"},
        {"\"optimised\"", "\"fast\"", "p.csv:8: 'execution' is 'fast', expected 'optimised' or 'frozen'"},
        {"0.4", "0", "p.csv:15: 'cpus_limit' is 0; leave the line out where there is no limit"},
        {"0.4", "NaN", "p.csv:15: not valid JSON: syntax error while parsing value - invalid literal; last read: ' N'"},
        {"536870912", "-1",
         "p.csv:16: 'memory_limit_bytes' is -1, expected a whole number within [1, 9007199254740992]"},
        {"\"per_byte_ns\":0.25", "\"per_bite_ns\":0.25",
         "p.csv:25: unknown key 'per_bite_ns' (did you mean 'per_byte_ns'?)"},
        {"\"bytes\":768", "\"bytes\":-768",
         "p.csv:6: 'bytes' is -768, expected a whole number within [0, 9007199254740992]"},
        {"[2]", "[9]", "p.csv: 'output_values' names the id 9, which no row makes"},
        {"{\"id\":0,\"bytes\":768}", "{\"id\":0,\"bytes\":7},{\"id\":0,\"bytes\":8}",
         "p.csv: 'input_values' lists the id 0 twice"},
        {",macs,", ",mac,", "p.csv:29: column 10 is 'mac', expected 'macs'"},
        {",energy_boundary\n", "\n", "p.csv:30: has 25 fields, but there are 24 columns"},
        {kFirstRow + kSecondRow, "", "p.csv:29: no row follows; a profile has at least one layer"},
        {kColumns + kFirstRow + kSecondRow, "", "p.csv: is empty; expected CSV with a line of column names"},
        {"1,head", "2,head", "p.csv:31: column 'index' is '2', expected 1: rows count up from 0"},
        {"1,head", "1,", "p.csv:31: column 'name' is '', expected a name"},
        {"1,head", "1,features.0", "p.csv:31: column 'name' is 'features.0', expected a name that no row above has"},
        {"features.1;features.2", "features.1;",
         "p.csv:30: column 'folded' is 'features.1;', expected names such as 'features.0.1;features.0.2'"},
        {",,0 1,", ",,0 2,",
         "p.csv:31: column 'inputs' is '0 2', expected ids that the network's inputs or rows above make; 2 is not"},
        {",,0 1,", ",,0  1,", "p.csv:31: column 'inputs' is '0  1', expected value ids such as '3 7'"},
        {",,0 1,", ",,0 1 ,", "p.csv:31: column 'inputs' is '0 1 ', expected value ids such as '3 7'"},
        {"2:40", "1:40", "p.csv:31: column 'outputs' is '1:40', expected new ids; 1 is made already"},
        {"2:40", "0:40", "p.csv:31: column 'outputs' is '0:40', expected new ids; 0 is made already"},
        {"2:40", "2", "p.csv:31: column 'outputs' is '2', expected id:bytes such as '12:401408 13:64'"},
        {"2:40", "2:-40", "p.csv:31: column 'outputs' is '2:-40', expected id:bytes such as '12:401408 13:64'"},
        {"1:256", "1:9007199254740993",
         "p.csv:30: column 'outputs' is '1:9007199254740993', expected id:bytes such as '12:401408 13:64'"},
        {"true,,10,10,40,40,300", "true,,10,10,40,-40,300",
         "p.csv:31: column 'activation_bytes' is '-40', expected a whole number within [0, 9007199254740992]"},
        {"true,,10,10,40,40,300", "true,,10,10,40,40,9007199254740992",
         "p.csv:31: column 'peak_bytes' is '9007199254740992', expected a column that adds up to at most "
         "9007199254740992"},
        {"true,,10,10", "yes,,10,10", "p.csv:31: column 'cut_after' is 'yes', expected true or false"},
        {",2000,1900", ",nan,1900",
         "p.csv:31: column 'latency_median_ns' is 'nan', expected a whole number within [0, 9007199254740992]"},
        {"0.5,0.25,estimated", "nan,0.25,estimated",
         "p.csv:30: column 'energy_joules' is 'nan', expected a number of at least 0"},
        {"0.5,0.25,estimated", "-0.5,0.25,estimated",
         "p.csv:30: column 'energy_joules' is '-0.5', expected a number of at least 0"},
        {"0.5,0.25,estimated", "0.5,,estimated",
         "p.csv:30: column 'energy_uncertainty_joules' is '', expected a number of at least 0"},
        {"0.5,0.25,estimated", "0.5,0.25,guessed",
         "p.csv:30: column 'energy_provenance' is 'guessed', expected measured or estimated"},
        {"0.5,0.25,estimated", ",0.25,estimated",
         "p.csv:30: column 'energy_uncertainty_joules' is '0.25', expected nothing, since 'energy_joules' is empty"},
        {"2005,,,,,\n", "2005,,,,\n", "p.csv:31: has 24 fields, but there are 25 columns"},
        {"2005,,,,,\n", "2005", "p.csv:31: has 20 fields, but there are 25 columns"},
        {"1,head", "1,\"head", "p.csv:31: a field that starts with a quote is never closed"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.from);
        CAPTURE(row.to);
        CHECK(profile_error(replaced(kText, row.from, row.to)) == row.expected);
    }
    CHECK(profile_error("") == "p.csv: is empty; expected a profile");
    CHECK(profile_error("{}") == "p.csv:1: is no profile: the first line must be `# schema: \"carbonedge.profile/1\"`");
}

TEST_CASE("a profile cut off anywhere is an error or whole rows") {
    const Profile whole = read_profile(kText, "p.csv");
    for (std::size_t size = 0; size < kText.size(); ++size) {
        try {
            const Profile part = read_profile(std::string_view(kText).substr(0, size), "p.csv");
            // Only the last newline may be missing: the first row alone leaves the network's output unmade.
            CHECK(part == whole);
            CHECK(size == kText.size() - 1);
        } catch (const InputError& error) {
            CHECK(error.file() == "p.csv");
        }
    }
}

TEST_CASE("module names that would read back differently are not written") {
    SeededRandom random(1);
    Profile profile = random_profile(random, 1);
    profile.layers[0].folded = {"a;b"};
    CHECK_THROWS_AS(write_profile(profile), std::invalid_argument);
}

}  // namespace carbonedge
