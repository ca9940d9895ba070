#include "lib/runlog/run_log_file.h"
#include "tests/support/error_text.h"
#include "tests/support/random_run_log.h"

#include <doctest/doctest.h>
#include <cmath>
#include <limits>

namespace carbonedge {
namespace {

const std::string kHeader =
    R"({"schema":"carbonedge.run/1","tool_version":"0.1.0","date_utc":"2026-01-02T03:04:05Z","machine":"lab",)"
    R"("engine":"process","plan_name":"min-carbon","model_sha256":"ab12","requests":10,"rate_per_second":2.5,)"
    R"("in_flight":1,"warm_up":2,"seed":7,"limits":[{"node":"green","cpus":0.4,"quota_period_ns":100000000,)"
    R"("memory_bytes":536870912,"enforced":true,"mechanism":"cgroup-v2"}],"meter":"model:cpu-seconds",)"
    R"("plan":{"schema":"carbonedge.plan/1"}})"
    "\n";
const std::string kRequest =
    R"({"record":"request","id":3,"pipeline":0,"arrival_ns":100,"latency_ns":5000,"ok":false,"error":"node green died",)"
    R"("return_transfer_ns":10,"stages":[{"node":"green","transfer_ns":20,"queue_ns":30,"compute_ns":4000,"cpu_ns":3900,)"
    R"("input_bytes":768,"output_bytes":40}]})"
    "\n";
const std::string kFailover =
    R"-({"record":"failover","at_ns":2000,"node":"green","cause":"node 'green' was killed by signal 9 (Killed)",)-"
    R"("noticed_by":"process end","silent_ns":0,"resubmitted":3,"recovery_ns":1500})"
    "\n";
const std::string kNode =
    R"({"record":"node","node":"green","compute_cpu_ns":3900,"total_cpu_ns":4500,"throttled_ns":12,)"
    R"("peak_memory_bytes":1024,"compute_energy":{"joules":0.5,"uncertainty_joules":0.25,"provenance":"estimated",)"
    R"("source":"model:cpu-seconds","boundary":"core-dynamic"},"transport_energy":{"joules":0.125,)"
    R"("uncertainty_joules":0.0625,"provenance":"estimated","source":"model:cpu-seconds","boundary":"core-dynamic"},)"
    R"("idle_joules":0,"compute_gco2e":0.001,"transport_gco2e":1e-04,"idle_gco2e":0,"embodied_gco2e":0})"
    "\n";
const std::string kEnd =
    R"({"record":"end","complete":true,"interrupted":false,"wall_ns":123456,"succeeded":9,"failed":1,)"
    R"("outputs_checked":true,"worst_output_error":1e-06,"link_joules":0.01,"link_gco2e":1e-05,"gateway_cpu_ns":99})"
    "\n";
const std::string kText = kHeader + kRequest + kNode + kEnd;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE_MESSAGE(at != std::string::npos, from);
    return text.replace(at, from.size(), to);
}

std::string log_error(const std::string& text) {
    return error_text([&] { read_run_log(text, "r.jsonl"); });
}

}  // namespace

TEST_CASE("a run log is read as it stands and written back byte for byte") {
    const RunLog log = read_run_log(kText, "r.jsonl");
    CHECK(log.header.plan_name == "min-carbon");
    CHECK(log.header.plan_json == "{\n  \"schema\": \"carbonedge.plan/1\"\n}\n");
    CHECK(log.header.rate_per_second == 2.5);
    CHECK(log.header.seed == 7);
    REQUIRE(log.header.limits.size() == 1);
    CHECK(log.header.limits[0].memory == Bytes(536'870'912));
    CHECK(log.header.limits[0].mechanism == "cgroup-v2");
    REQUIRE(log.requests.size() == 1);
    CHECK(log.requests[0].error == "node green died");
    CHECK(log.requests[0].latency.count() == 5000);
    CHECK(log.requests[0].stages.at(0).compute.count() == 4000);
    REQUIRE(log.nodes.size() == 1);
    CHECK(log.nodes[0].compute_energy.joules == Joules(0.5));
    CHECK(log.nodes[0].transport_grams == GramsCo2e(0.0001));
    REQUIRE(log.end.has_value());
    CHECK(log.end->complete);
    CHECK(log.end->gateway_cpu.count() == 99);
    CHECK(write_run_log(log) == kText);
}

TEST_CASE("what failed during a run is in its log") {
    const std::string text = kHeader + kRequest + kFailover + kNode + kEnd;
    const RunLog log = read_run_log(text, "r.jsonl");
    REQUIRE(log.failovers.size() == 1);
    CHECK(log.failovers[0].node == "green");
    CHECK(log.failovers[0].noticed_by == "process end");
    CHECK(log.failovers[0].resubmitted == 3);
    CHECK(log.failovers[0].recovery == Nanoseconds(1500));
    CHECK(write_run_log(log) == text);
    // A request that went another way says so; a connection has no node, and may never have been recovered.
    std::string other =
        replaced(text, R"("error":"node green died",)", R"("error":"node green died","resubmitted":2,)");
    other = replaced(replaced(other, R"("node":"green","cause")", R"("cause")"), R"(,"recovery_ns":1500)", "");
    const RunLog second = read_run_log(other, "r.jsonl");
    CHECK(second.requests[0].resubmitted == 2);
    CHECK_FALSE(second.failovers[0].recovery.has_value());
    CHECK_FALSE(second.failovers[0].returned.has_value());
    CHECK(write_run_log(second) == other);
    // A node that was silent may be back.
    const std::string third = replaced(text, R"("recovery_ns":1500)", R"("recovery_ns":1500,"returned_ns":700)");
    CHECK(read_run_log(third, "r.jsonl").failovers[0].returned == Nanoseconds(700));
    CHECK(write_run_log(read_run_log(third, "r.jsonl")) == third);
}

TEST_CASE("what was imitated is in the header") {
    const std::string text = replaced(
        kText, R"("limits":)",
        R"("links":[{"from":"gateway","to":"green","latency_ns":1000,"latency_by":"user space"},{"from":"green","to":"gateway","bandwidth_bytes_per_second":1250000,"bandwidth_by":"tc"}],"limits":)");
    const RunLog log = read_run_log(text, "r.jsonl");
    REQUIRE(log.header.links.size() == 2);
    CHECK(log.header.links[0].latency == Nanoseconds(1000));
    CHECK(log.header.links[0].bandwidth_by.empty());
    CHECK(log.header.links[1].bandwidth.value() == 1250000);
    CHECK(log.header.links[1].bandwidth_by == "tc");
    CHECK(read_run_log(write_run_log(log), "r.jsonl") == log);
}

TEST_CASE("what changed during a run is in its log") {
    const std::string intensity =
        R"({"record":"intensity","at_ns":1000,"time_utc":"2023-01-01T01:00:00Z","zone":"DE","intensity_gco2e_per_kwh":380.5})"
        "\n";
    const std::string move =
        R"({"record":"move","at_ns":1000,"opening_ns":2000,"closing_ns":3000,"from":"a 0-4","to":"b 0-4","reason":"saves 12 %","saving":0.12,"joules":2.5,"gco2e":0.001})"
        "\n";
    const std::string text = kHeader + kRequest + kFailover + intensity + move + kNode + kEnd;
    const RunLog log = read_run_log(text, "r.jsonl");
    REQUIRE(log.intensities.size() == 1);
    CHECK(log.intensities[0].zone == "DE");
    CHECK(log.intensities[0].intensity.value() == 380.5);
    REQUIRE(log.moves.size() == 1);
    CHECK(log.moves[0].opening == Nanoseconds(2000));
    CHECK(log.moves[0].to == "b 0-4");
    CHECK(log.moves[0].saving == 0.12);
    CHECK(write_run_log(log) == text);
    CHECK_THROWS_WITH_AS(read_run_log(kHeader + kNode + intensity, "r.jsonl"),
                         "r.jsonl:3: an intensity follows the nodes' totals", InputError);
    CHECK_THROWS_WITH_AS(read_run_log(kHeader + kNode + move, "r.jsonl"), "r.jsonl:3: a move follows the nodes' totals",
                         InputError);
}

TEST_CASE("random run logs survive writing and reading") {
    SeededRandom random(19);
    for (std::size_t round = 0; round < 200; ++round) {
        const RunLog log = random_run_log(random, round % 5);
        const std::string text = write_run_log(log);
        const RunLog back = read_run_log(text, "r.jsonl");
        REQUIRE(back == log);
        REQUIRE(write_run_log(back) == text);
    }
}

TEST_CASE("a log whose last line is cut off is read up to there") {
    for (std::size_t size = 0; size < kText.size(); ++size) {
        CAPTURE(size);
        const std::string part = kText.substr(0, size);
        // The newline alone may be missing: the line is whole.
        if (size + 1 < kHeader.size()) {
            CHECK_THROWS_AS(read_run_log(part, "r.jsonl"), InputError);
            continue;
        }
        const RunLog log = read_run_log(part, "r.jsonl");
        CHECK(log.requests.size() == (size + 1 >= kHeader.size() + kRequest.size() ? 1U : 0U));
        CHECK(log.nodes.size() == (size + 1 >= kHeader.size() + kRequest.size() + kNode.size() ? 1U : 0U));
        CHECK(log.end.has_value() == (size + 1 == kText.size()));
    }
}

TEST_CASE("an output error that is no number is absent from the log") {
    RunEnd end;
    end.worst_output_error = std::numeric_limits<double>::infinity();
    const std::string line = end_line(end);
    CHECK(line.find("worst_output_error") == std::string::npos);
    CHECK(std::isnan(read_run_log(kHeader + line, "r.jsonl").end->worst_output_error));
    CHECK(end_line(*read_run_log(kHeader + line, "r.jsonl").end) == line);
}

TEST_CASE("what is wrong with a run log is said with file and line") {
    struct Row {
        std::string text;
        std::string expected;
    };
    const std::vector<Row> rows{
        {"", "r.jsonl: is empty; expected a run log"},
        {"\n", "r.jsonl:1: is empty; expected JSON"},
        {"[]\n", "r.jsonl:1: is no run log: the first line must be an object with \"schema\":\"carbonedge.run/1\""},
        {kRequest, "r.jsonl:1: is no run log: the first line must be an object with \"schema\":\"carbonedge.run/1\""},
        {replaced(kText, "run/1", "run/2"),
         "r.jsonl:1: has schema version 2, this carbonedge reads up to 1; use a newer carbonedge"},
        {replaced(kText, "run/1", "plan/1"), "r.jsonl:1: is a 'carbonedge.plan/1', expected carbonedge.run/1"},
        {kHeader + kHeader, "r.jsonl:2: missing key 'record' in the document"},
        {kHeader + kEnd + kRequest, "r.jsonl:3: follows the line that ends the log"},
        {kHeader + kNode + kRequest, "r.jsonl:3: a request follows the nodes' totals"},
        {kHeader + kFailover + kRequest, "r.jsonl:3: a request follows the failovers"},
        {kHeader + kNode + kFailover, "r.jsonl:3: a failover follows the nodes' totals"},
        {kHeader + "\n" + kRequest, "r.jsonl:2: is empty; expected JSON"},
        {kHeader + "{\"record\":\"requst\"}\n",
         "r.jsonl:2: unknown record 'requst' (did you mean 'request'?); valid: request, failover, intensity, move, "
         "node, "
         "end"},
        {kHeader + "{\"record\":\n" + kRequest,
         "r.jsonl:2: not valid JSON: syntax error while parsing value - unexpected end of input; expected '[', '{', or "
         "a "
         "literal"},
        {replaced(kText, "\"engine\"", "\"engin\""), "r.jsonl:1: unknown key 'engin' (did you mean 'engine'?)"},
        {replaced(kText, "\"engine\":\"process\",", ""), "r.jsonl:1: missing key 'engine' in the document"},
        {replaced(kText, "\"id\":3", "\"id\":3,\"id\":4"), "r.jsonl:2: duplicate key 'id'"},
        {replaced(kText, "\"latency_ns\":5000", "\"latency_ns\":-5000"),
         "r.jsonl:2: 'latency_ns' is -5000, expected a whole number within [0, 9007199254740992]"},
        {replaced(kText, "\"latency_ns\":5000", "\"latency_ns\":5000.5"),
         "r.jsonl:2: 'latency_ns' is 5000.5, expected a whole number"},
        {replaced(kText, "\"latency_ns\":5000", "\"latency_ns\":99999999999999999999"),
         "r.jsonl:2: 'latency_ns' is 1e+20, expected a whole number"},
        {replaced(kText, "\"latency_ns\":5000", "\"latency_ns\":NaN"),
         "r.jsonl:2: not valid JSON: syntax error while parsing value - invalid literal; last read: "
         "'\"latency_ns\":N'"},
        {replaced(kText, "\"provenance\":\"estimated\"", "\"provenance\":\"guessed\""),
         "r.jsonl:3: unknown provenance 'guessed'; valid: measured, estimated"},
        {replaced(kText, "\"joules\":0.5", "\"joules\":\"0.5\""),
         "r.jsonl:3: 'joules' is the text '0.5', expected a number"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(log_error(row.text) == row.expected);
    }
}

}  // namespace carbonedge
