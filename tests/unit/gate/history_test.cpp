#include "lib/gate/history.h"

#include "lib/base/random.h"
#include "lib/gate/change_points.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/gate/sample_evidence.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace carbonedge {
namespace {

HistoryEntry entry_of(const std::string& commit, double latency) {
    HistoryEntry entry;
    entry.commit = commit;
    entry.evidence.name = commit;
    entry.evidence.kind = "profile";
    entry.evidence.date_utc = "2026-11-21T12:00:00Z";
    entry.evidence.model = "m.pt 0123";
    entry.evidence.aspects = {{"hardware", "EPYC \"x\""}, {"inputs", "1x3x8x8"}};
    CarbonFactors factors;
    factors.power = Watts(3);
    factors.cpu_time = Seconds(latency);
    entry.evidence.factors = factors;
    entry.evidence.layers.push_back({"a.b", "Conv2d", 5, 6, 7});
    entry.evidence.quantities.push_back(total_of(GateMetric::kLatency, {latency, latency * 1.1}));
    entry.evidence.quantities.push_back(quantity_of(GateMetric::kBytes, GateScope::kLayer, "a.b", {64}));
    entry.evidence.quantities.back().exact = true;
    entry.evidence.quantities.push_back(total_of(GateMetric::kEnergy, {0.1}));
    entry.evidence.quantities.back().standard_error = 0.01;
    return entry;
}

std::string content(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("history: a line reads back to the same entry and the same bytes") {
    const HistoryEntry entry = entry_of("abc123", 0.01);
    const std::string line = history_line(entry);
    const History history = read_history(line, "h");
    REQUIRE(history.entries.size() == 1);
    CHECK(history.entries.front() == entry);
    CHECK(history_line(history.entries.front()) == line);
    CHECK(read_history("", "h").entries.empty());
}

TEST_CASE("history: a torn line is left out, said, and does not spoil the next one") {
    const TemporaryFolder folder;
    const std::string path = folder.file("h.jsonl");
    append_history(path, entry_of("one", 0.01));
    const std::string whole = content(path);
    const std::string second = history_line(entry_of("two", 0.01));
    for (const std::size_t length : {std::size_t{1}, second.size() / 2, second.size() - 2}) {
        CAPTURE(length);
        std::ofstream(path) << whole << second.substr(0, length);
        const History torn = read_history(content(path), "h");
        CHECK(torn.entries.size() == 1);
        REQUIRE(torn.remarks.size() == 1);
        CHECK(torn.remarks.front() == "h:2: a line that was not written to its end is left out");
        append_history(path, entry_of("three", 0.01));
        const History after = read_history(content(path), "h");
        REQUIRE(after.entries.size() == 2);
        CHECK(after.entries.back().commit == "three");
        CHECK(after.remarks.size() == 1);
    }
}

TEST_CASE("history: a file that is no history is not appended to") {
    const TemporaryFolder folder;
    const std::string path = folder.file("m.csv");
    const HistoryEntry entry = entry_of("one", 0.01);
    const std::string whole = history_line(entry);
    const std::string none = "is no history: every line is an object with \"schema\":\"carbonedge.history/1\"";
    const std::string remedy = "; nothing is appended: name a history or a new file";
    struct Case {
        std::string text;
        std::string problem;
    };
    const std::vector<Case> refused{
        Case{"# schema: carbonedge.profile/1\na,b\n" + whole, ":1: " + none},
        Case{"\n\nx", ":3: " + none},
        Case{"{\"a\":1}\n", ":1: " + none},
        Case{"[1]\n" + whole, ":1: " + none},
        Case{"{\n  \"schema\": \"carbonedge.plan/2\"\n}\n", ":2: " + none},
        Case{std::string("PK\0\1", 4), ":1: " + none},
        Case{"{\"schema\":\"carbonedge.run/1\"}\n", ":1: is a 'carbonedge.run/1', expected carbonedge.history/1"},
        Case{"{\"schema\":\"carbonedge.history/2\"}\n",
             ":1: has schema version 2, this carbonedge reads up to 1; use a newer carbonedge"}};
    for (const Case& one : refused) {
        CAPTURE(one.text);
        std::ofstream(path, std::ios::binary) << one.text;
        CHECK(error_text([&] { append_history(path, entry); }) == path + one.problem + remedy);
        CHECK(content(path) == one.text);
    }
    const std::string torn = whole.substr(0, whole.size() / 2) + "\n";
    const std::vector<std::string> taken{"",   "\n\r\n",      whole,    "\n" + whole,
                                         torn, "{\n" + whole, "{\"sch", whole + "torn"};
    for (const std::string& before : taken) {
        CAPTURE(before);
        std::ofstream(path, std::ios::binary) << before;
        append_history(path, entry);
        CHECK(read_history(content(path), path).entries.back() == entry);
    }
}

TEST_CASE("history: writers at the same time do not mix their lines") {
    const TemporaryFolder folder;
    const std::string path = folder.file("h.jsonl");
    constexpr int kWriters = 4;
    constexpr int kLines = 25;
    std::vector<std::thread> writers;
    for (int writer = 0; writer < kWriters; ++writer) {
        writers.emplace_back([&path, writer] {
            HistoryEntry entry = entry_of("", 0.01);
            // Longer than what a pipe or a buffer takes at once.
            entry.evidence.quantities.front().units.assign(4000, 0.123456789);
            for (int line = 0; line < kLines; ++line) {
                entry.commit = std::to_string(writer) + "." + std::to_string(line);
                append_history(path, entry);
            }
        });
    }
    for (std::thread& writer : writers) writer.join();
    const History history = read_history(content(path), "h");
    CHECK(history.remarks.empty());
    CHECK(history.entries.size() == kWriters * kLines);
}

TEST_CASE("history: the last of a kind, and what is refused") {
    History history;
    for (int i = 0; i < 5; ++i) history.entries.push_back(entry_of(std::to_string(i), 0.01));
    history.entries[4].evidence.kind = "plan";
    const std::vector<Evidence> last = last_of_history(history, 2, "profile");
    REQUIRE(last.size() == 2);
    CHECK(last[0].name == "2");
    CHECK(last[1].name == "3");
    CHECK(error_text([] { (void)read_history("{\"schema\":\"carbonedge.history/2\"}\n", "h"); }) ==
          "h:1: has schema version 2, this carbonedge reads up to 1; use a newer carbonedge");
    CHECK(error_text([] { (void)read_history("{\"commit\":\"a\"}\n", "h"); }) ==
          "h:1: is no history: every line is an object with \"schema\":\"carbonedge.history/1\"");
}

TEST_CASE("change points: a step is found where it is, an outlier is none") {
    SeededRandom random(3);
    std::vector<double> values;
    for (int i = 0; i < 40; ++i) values.push_back((i < 25 ? 10.0 : 10.6) + 0.1 * random.normal());
    values[10] = 40;
    const std::vector<ChangePoint> found = find_change_points(values, 0.01, 0);
    REQUIRE(found.size() == 1);
    CHECK(found.front().index == 25);
    CHECK(found.front().change == doctest::Approx(0.06).epsilon(0.3));
    CHECK(find_change_points(std::vector<double>{1, 2, 3}, 0.01, 0).empty());
    CHECK(find_change_points({}, 0.01, 0).empty());
}

TEST_CASE("change points: two steps, also where the second undoes the first") {
    std::size_t more = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        CAPTURE(seed);
        SeededRandom random(seed);
        std::vector<double> values;
        for (int i = 0; i < 60; ++i) values.push_back((i >= 20 && i < 40 ? 11.0 : 10.0) + 0.1 * random.normal());
        const std::vector<ChangePoint> found = find_change_points(values, 0.01, 0);
        const auto is_at = [&](std::size_t index) {
            return std::any_of(found.begin(), found.end(),
                               [&](const ChangePoint& point) { return point.index == index; });
        };
        CHECK(is_at(20));
        CHECK(is_at(40));
        more += found.size() - 2;
    }
    CHECK(more <= 2);
}

TEST_CASE("change points: false marks in series without any stay within the level") {
    SeededRandom random(5);
    constexpr int kSeries = 500;
    int marked = 0;
    for (int series = 0; series < kSeries; ++series) {
        std::vector<double> values;
        for (int i = 0; i < 30; ++i)
            values.push_back(10 + random.normal() / std::sqrt(0.1 + std::abs(random.normal())));
        marked += find_change_points(values, 0.02, static_cast<std::uint64_t>(series)).empty() ? 0 : 1;
    }
    CHECK(marked <= 0.02 * kSeries + 3 * std::sqrt(0.02 * 0.98 * kSeries));
}

}  // namespace carbonedge
