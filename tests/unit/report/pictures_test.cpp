#include "lib/report/pictures_of.h"

#include "lib/report/cell_text.h"
#include "lib/report/descriptions.h"
#include "lib/report/ledgers.h"
#include "lib/report/pictures/gate_picture.h"
#include "lib/report/pictures/intensity_picture.h"
#include "lib/report/pictures/layer_pictures.h"
#include "lib/report/pictures/ledger_pictures.h"
#include "lib/report/pictures/picture_file.h"
#include "lib/report/pictures/policy_pictures.h"
#include "lib/report/pictures/timeline_picture.h"
#include "lib/report/pictures/trend_picture.h"
#include "lib/report/renderers.h"
#include "lib/report/text_plot.h"
#include "tests/support/error_text.h"
#include "tests/unit/report/sample_subjects.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

namespace carbonedge {
namespace {

std::vector<Subject> three_subjects() {
    return {run_of(single_node_plan("monolithic", "medium"), 20), run_of(single_node_plan("green", "green"), 20),
            run_of(two_stage_plan("split"), 20)};
}

const Table& numbers_of(const Picture& picture, const std::string& name) {
    for (const Table& table : picture.numbers) {
        if (table.name == name) return table;
    }
    throw std::logic_error("no table " + name);
}

template <class Quantity>
double sum_of(const Table& table, const std::string& key) {
    double sum = 0;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (table.columns[i].key != key) continue;
        for (const auto& row : table.rows) sum += static_cast<double>(std::get<Quantity>(row[i]).value());
    }
    return sum;
}

GateVerdict sample_verdict(std::size_t layers) {
    GateVerdict verdict;
    verdict.outcome = GateOutcome::kRegression;
    verdict.baseline = "main";
    verdict.current = "change";
    for (std::size_t i = 0; i < layers; ++i) {
        GateFinding finding;
        finding.key.scope = i == 0 ? GateScope::kTotal : GateScope::kLayer;
        finding.key.name = i == 0 ? "" : "layer" + std::to_string(i);
        finding.outcome = i == 3 ? GateOutcome::kRegression : GateOutcome::kPass;
        finding.change = i == 3 ? 0.05 : 0.001;
        finding.change_low = finding.change - 0.01;
        finding.change_high = finding.change + 0.01;
        verdict.findings.push_back(finding);
    }
    return verdict;
}

IntensitySeries sample_series(std::size_t samples, std::size_t missing) {
    std::vector<IntensitySample> list;
    for (std::size_t i = 0; i < samples; ++i) {
        if (i == missing || i == missing + 1) continue;
        list.push_back(
            {UtcSeconds(std::chrono::hours(i)), CarbonIntensity(i == 7 ? 900.0 : 100.0 + double(i % 24)), false});
    }
    return {SeriesOrigin{"ZZ", {}, {}, {}, "made up", ""}, list};
}

std::vector<Picture> every_picture() {
    const std::vector<Subject> subjects = three_subjects();
    std::vector<Picture> all = pictures_of_comparison(subjects, 0, {}, 0);
    for (Picture& picture : pictures_of_subject(subjects[2], 0)) all.push_back(std::move(picture));
    for (Picture& picture : pictures_of_profile(sample_profile())) all.push_back(std::move(picture));
    all.push_back(intensity_picture(sample_series(48, 20), std::chrono::hours(4), {}, {}));
    all.push_back(gate_picture(sample_verdict(5)));
    return all;
}

}  // namespace

TEST_CASE("every picture's specification is JSON whose data are its tables") {
    for (const Picture& picture : every_picture()) {
        CAPTURE(picture.name);
        const auto specification = nlohmann::json::parse(picture.specification);
        std::set<std::string> asked;
        const std::function<void(const nlohmann::json&)> walk = [&](const nlohmann::json& value) {
            if (value.is_object() && value.contains("data") && value["data"].contains("name"))
                asked.insert(value["data"]["name"]);
            for (const auto& child : value) {
                if (child.is_structured()) walk(child);
            }
        };
        walk(specification);
        std::set<std::string> given;
        for (const Table& table : picture.numbers) given.insert(table.name);
        CHECK(asked == given);
        CHECK_FALSE(picture.title.empty());
        CHECK_FALSE(picture.caption.empty());
    }
}

TEST_CASE("what is left for the renderer to fill in are colours and the width") {
    const std::set<std::string> known{"\"@width@\"",     "\"@ink@\"", "\"@surface@\"", "\"@muted@\"", "\"@neutral@\"",
                                      "\"@on_colour@\"", "\"@c1@\"",  "\"@c2@\"",      "\"@c3@\"",    "\"@c4@\"",
                                      "\"@c5@\"",        "\"@c6@\"",  "\"@c7@\""};
    for (const Picture& picture : every_picture()) {
        for (std::size_t at = picture.specification.find("\"@"); at != std::string::npos;
             at = picture.specification.find("\"@", at + 1)) {
            const std::size_t end = picture.specification.find("@\"", at);
            CHECK(known.contains(picture.specification.substr(at, end + 2 - at)));
        }
    }
}

TEST_CASE("the layers of a plan sum to what it predicts for its stages") {
    const Subject subject = only_planned(two_stage_plan("split"));
    const Picture picture = layers_picture(subject);
    const Table& layers = numbers_of(picture, "layers");
    CHECK(layers.rows.size() == 3);
    GramsCo2e grams;
    Joules joules;
    for (const PlannedStage& stage : subject.plan.pipelines[0].stages) {
        grams += stage.parts.compute_grams;
        joules += stage.parts.compute_joules;
    }
    CHECK(sum_of<GramsCo2e>(layers, "carbon") == doctest::Approx(grams.value()));
    CHECK(sum_of<Joules>(layers, "energy") == doctest::Approx(joules.value()));
    CHECK(std::get<std::string>(layers.rows[0][3]) == "high");
    CHECK(std::get<std::string>(layers.rows[1][3]) == "green");
    CHECK(numbers_of(picture, "stages").rows.size() == 2);
}

TEST_CASE("the layers of a partition stand in its stages") {
    Partition partition;
    partition.profile = sample_profile();
    partition.stages = {{0, 1}, {1, 3}};
    const Picture picture = layers_picture(partition);
    const Table& layers = numbers_of(picture, "layers");
    REQUIRE(layers.rows.size() == 3);
    CHECK(std::get<std::string>(layers.rows[0][3]) == "stage 0");
    CHECK(std::get<std::string>(layers.rows[2][3]) == "stage 1");
    const Table& stages = numbers_of(picture, "stages");
    REQUIRE(stages.rows.size() == 2);
    CHECK(std::get<Nanoseconds>(stages.rows[1][5]) ==
          partition.profile.layers[1].latency_median + partition.profile.layers[2].latency_median);
}

TEST_CASE("waterfalls end at the total of their ledgers") {
    const auto subjects = three_subjects();
    const Table steps = numbers_of(waterfall_picture(subjects, 0), "waterfall");
    const auto grams = [&](const Subject& subject) {
        return total_grams(*recorded_ledger(*subject.run, subject.plan, subject.name)).value();
    };
    CHECK(std::get<GramsCo2e>(steps.rows.front()[4]).value() == doctest::Approx(grams(subjects[0])));
    CHECK(std::get<GramsCo2e>(steps.rows.back()[4]).value() == doctest::Approx(grams(subjects[1])));
    for (std::size_t i = 1; i + 1 < steps.rows.size(); ++i) {  // each begins where the one before ended
        CHECK(std::get<GramsCo2e>(steps.rows[i][2]).value() ==
              doctest::Approx(std::get<GramsCo2e>(steps.rows[i - 1][3]).value()));
    }
    const Table lines = numbers_of(ledger_picture(subjects[2]), "waterfall");
    CHECK(std::get<GramsCo2e>(lines.rows[lines.rows.size() - 2][3]).value() ==
          doctest::Approx(std::get<GramsCo2e>(lines.rows.back()[4]).value()));
}

TEST_CASE("the front holds those that none beats in latency and carbon") {
    std::vector<Subject> subjects;
    const auto add = [&](const char* name, int milliseconds, double grams) {
        Subject subject = only_planned(single_node_plan(name, "green"));
        subject.plan.predicted.latency_mean = std::chrono::milliseconds(milliseconds);
        subject.plan.predicted.parts = {};
        subject.plan.predicted.parts.compute_grams = GramsCo2e(grams);
        subjects.push_back(subject);
    };
    add("fast", 10, 9);
    add("clean", 30, 3);
    add("between", 20, 5);
    add("beaten", 20, 6);
    add("like clean", 30, 3);
    const Table table = numbers_of(tradeoff_picture(subjects, 0, {}, 0), "tradeoff");
    const std::vector<std::string> expected{"yes", "yes", "yes", "no", "yes"};
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(std::get<std::string>(table.rows[i][2]) == expected[i]);
    // Two at one place share a label; the baseline has one wherever it lies.
    const std::vector<std::string> labels{"fast", "clean, like clean", "between", "", ""};
    for (std::size_t i = 0; i < labels.size(); ++i) CHECK(std::get<std::string>(table.rows[i][3]) == labels[i]);
    const Table other = numbers_of(tradeoff_picture(subjects, 3, {}, 0), "tradeoff");
    CHECK(std::get<std::string>(other.rows[3][3]) == "beaten");
}

TEST_CASE("a front of plan pareto is drawn as it is written") {
    const std::vector<FrontPlan> front =
        read_front("point,latency_ns,carbon_gco2e,placement\n1,10825216,6.9e-06,\"layers 0-2 on fast, 3-3 on clean\"\n",
                   "front.csv");
    REQUIRE(front.size() == 1);
    CHECK(front[0] == FrontPlan{Nanoseconds(10'825'216), GramsCo2e(6.9e-06), "layers 0-2 on fast, 3-3 on clean"});
    const auto subjects = three_subjects();
    CHECK(numbers_of(tradeoff_picture(subjects, 0, front, 0), "exact").rows.size() == 1);
    CHECK(error_text([] { read_front("latency_ns,energy_joules\n1,2\n", "f.csv"); }).find("carbon_gco2e") !=
          std::string::npos);
    CHECK(error_text([] { read_front("latency_ns,carbon_gco2e\n1,-2\n", "f.csv"); }).find("f.csv:2") == 0);
}

TEST_CASE("a timeline stays small and keeps the slowest request whatever the run's length") {
    Subject subject = run_of(two_stage_plan("split"), 5'000);
    subject.run->requests[3'210].latency = std::chrono::seconds(9);
    subject.run->requests[3'210].stages[0].queue += std::chrono::seconds(8);
    const Picture picture = timeline_picture(subject);
    const Table& overview = numbers_of(picture, "overview");
    const Table& segments = numbers_of(picture, "segments");
    CHECK(overview.rows.size() <= 160);
    std::int64_t requests = 0;
    Nanoseconds highest{0};
    for (const auto& row : overview.rows) {
        requests += std::get<std::int64_t>(row[2]);
        highest = std::max(highest, std::get<Nanoseconds>(row[5]));
    }
    CHECK(requests == 5'000);
    CHECK(highest == std::chrono::seconds(9));
    std::set<std::int64_t> shown;
    for (const auto& row : segments.rows) shown.insert(std::get<std::int64_t>(row[0]));
    CHECK(shown.size() == 40);
    CHECK(shown.contains(3'210));
    CHECK(picture.caption.find("40 of 5000 requests, around the slowest") != std::string::npos);
}

TEST_CASE("a timeline of few requests shows all, and its segments sum to the latency") {
    const Subject subject = run_of(two_stage_plan("split"), 5);
    const Picture picture = timeline_picture(subject);
    CHECK(picture.caption.find("all 5 requests answered") != std::string::npos);
    Nanoseconds sum{0};
    for (const auto& row : numbers_of(picture, "segments").rows) {
        if (std::get<std::int64_t>(row[0]) == 2) sum += std::get<Nanoseconds>(row[4]) - std::get<Nanoseconds>(row[3]);
    }
    Nanoseconds parts = subject.run->requests[2].return_transfer;
    for (const StageRecord& stage : subject.run->requests[2].stages)
        parts += stage.transfer + stage.queue + stage.compute;
    CHECK(sum == parts);
}

TEST_CASE("a long series keeps its peak and its gaps") {
    const Picture picture = intensity_picture(
        sample_series(8'760, 4'000), std::chrono::hours(4), {},
        {{UtcSeconds(std::chrono::hours(7)), "run"}, {UtcSeconds(std::chrono::hours(99'999)), "late"}});
    const Table& table = numbers_of(picture, "intensity");
    CHECK(table.rows.size() < 1'100);
    double highest = 0;
    std::size_t open = 0;
    std::int64_t samples = 0;
    for (const auto& row : table.rows) {
        samples += std::get<std::int64_t>(row[1]);
        if (const auto* value = std::get_if<CarbonIntensity>(&row[4])) highest = std::max(highest, value->value());
        open += std::holds_alternative<std::monostate>(row[2]) ? 1 : 0;
    }
    CHECK(highest == 900);
    CHECK(open == 1);
    CHECK(samples == 8'758);
    CHECK(numbers_of(picture, "decisions").rows.size() == 1);
    CHECK(picture.caption.find("1 of 2 decisions lie outside") != std::string::npos);
}

TEST_CASE("the last sample before a gap is drawn up to the gap") {
    const Picture picture = intensity_picture(sample_series(24, 10), std::chrono::hours(1), {}, {});
    std::vector<std::pair<std::string, bool>> drawn;
    for (const auto& row : numbers_of(picture, "intensity").rows) {
        drawn.emplace_back(std::get<std::string>(row[0]), !std::holds_alternative<std::monostate>(row[2]));
    }
    const auto end_of_line = std::find_if(drawn.begin(), drawn.end(), [](const auto& row) { return !row.second; });
    REQUIRE(end_of_line != drawn.begin());
    REQUIRE(end_of_line != drawn.end());
    CHECK(std::prev(end_of_line)->first == end_of_line->first);
}

TEST_CASE("a gate with many numbers shows totals and regressions first and says what it left out") {
    const Picture picture = gate_picture(sample_verdict(500));
    const Table& table = numbers_of(picture, "findings");
    REQUIRE(table.rows.size() == 60);
    CHECK(std::get<std::string>(table.rows[0][0]) == "latency");
    CHECK(std::get<std::string>(table.rows[1][0]) == "latency of layer3");
    CHECK(picture.caption.find("Of 500 numbers the 60") != std::string::npos);
}

TEST_CASE("a trend is drawn as shares of its first value with the entries where a level changed") {
    Table trend{"trend",
                "",
                {{"commit", "", Unit::kText, "", false},
                 {"latency", "", Unit::kTime, "", false},
                 {"latency_change", "", Unit::kPercent, "", true},
                 {"runs", "", Unit::kCount, "", false}},
                {},
                {}};
    for (int i = 0; i < 4; ++i) {
        TableRow row(trend);
        row.set("commit", "c" + std::to_string(i)).set("runs", std::int64_t{5});
        if (i != 1) row.set("latency", Nanoseconds(i < 3 ? 200 : 220));
        row.add();
    }
    Table changes{"changes",
                  "",
                  {{"metric", "", Unit::kText, "", false},
                   {"commit", "", Unit::kText, "", false},
                   {"change", "", Unit::kPercent, "", true}},
                  {},
                  {}};
    TableRow(changes).set("metric", "latency").set("commit", "c3").set("change", 10.0).add();
    Document document;
    document.sections = {trend, changes};
    const auto pictures = trend_pictures(document);
    REQUIRE(pictures.size() == 1);
    const Table& values = numbers_of(pictures[0], "trend");
    REQUIRE(values.rows.size() == 3);  // neither c1, which has no number, nor runs, which is no metric
    CHECK(std::get<double>(values.rows[2][3]) == doctest::Approx(110));
    CHECK(std::get<std::int64_t>(numbers_of(pictures[0], "changes").rows[0][0]) == 4);
    document.sections = {changes};
    CHECK(trend_pictures(document).empty());
}

TEST_CASE("names cannot break out of a page") {
    const std::string evil = "</script><img src=x onerror=alert(1)>\"'&";
    Plan plan = two_stage_plan(evil);
    plan.profiles[0].model_name = evil;
    plan.profiles[0].layers[0].name = evil;
    const Subject subject = run_of(plan, 6);
    const auto pictures = pictures_of_subject(subject, 0);
    const std::string json = write_pictures(pictures);
    CHECK(json.find('<') == std::string::npos);
    const auto read = nlohmann::json::parse(json);
    CHECK(read[0]["tables"][0]["csv"].get<std::string>().find("</script>") != std::string::npos);
    const std::string page = render_html(describe_run(subject, 0), pictures);
    CHECK(page.find("<img src=x") == std::string::npos);
    CHECK(page.find("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;") != std::string::npos);
}

TEST_CASE("plots in characters keep to the width") {
    for (const Picture& picture : every_picture()) {
        for (const std::size_t width : {40, 80, 200}) {
            for (const Glyphs glyphs : {Glyphs::kBlocks, Glyphs::kAscii}) {
                CAPTURE(picture.name);
                CAPTURE(width);
                std::istringstream lines(render_plot(picture, width, glyphs));
                std::string line;
                std::size_t count = 0;
                while (std::getline(lines, line)) {
                    CHECK(text_width(line) <= width);
                    if (glyphs == Glyphs::kAscii) {
                        CHECK(std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c < 0x7F; }));
                    }
                    ++count;
                }
                CHECK(count >= 3);
            }
        }
    }
}

}  // namespace carbonedge
