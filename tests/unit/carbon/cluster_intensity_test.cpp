#include "lib/carbon/cluster_intensity.h"
#include "lib/base/errors.h"
#include "lib/cluster/intensity_notes.h"
#include "tests/support/error_text.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace carbonedge {
namespace {

/// 100, 200, a gap of three hours, 400 g/kWh; direct is half of it.
const std::string kSeries =
    "Datetime (UTC),Zone Id,Carbon Intensity gCO2eq/kWh (direct),Carbon Intensity gCO2eq/kWh (LCA)\n"
    "2023-07-01 00:00:00,ZZ,50,100\n2023-07-01 01:00:00,ZZ,100,200\n2023-07-01 02:00:00,ZZ,100,200\n"
    "2023-07-01 06:00:00,ZZ,200,400\n2023-07-01 07:00:00,ZZ,200,400\n";
const std::string kForecast = R"({"zone":"ZZ","forecast":[
    {"carbonIntensity":300,"datetime":"2023-07-01T00:00:00Z"},{"carbonIntensity":320,"datetime":"2023-07-01T01:00:00Z"}]})";

struct Desk {
    std::map<std::string, int> reads;
    IntensityMoment moment;

    Cluster read(const std::string& intensity, const std::string& more = "intensity_scope = lifecycle\n",
                 const std::string& gateway = "") {
        const std::string ini =
            "[node.a]\ncpus = 1\nmemory = 1GiB\nbusy_power_per_core = 5W\nintensity = " + intensity + "\n" + more +
            gateway;
        IntensityInputs inputs;
        inputs.folder = "lab";
        inputs.read = [this](const std::string& path) {
            ++reads[path];
            if (path == "lab/s.csv") return kSeries;
            if (path == "lab/f.json") return kForecast;
            throw InputError(path, 0, "cannot be read: No such file or directory");
        };
        inputs.countries = built_in_countries();
        return read_cluster(ini, "c.ini", intensity_resolver(moment, inputs));
    }
};

UtcSeconds at(const char* text) { return *parse_utc(text); }

}  // namespace

TEST_CASE("a node's intensity is a series' value at a time or the exact mean over a window") {
    struct Case {
        const char* time;
        int window_minutes;  // 0: the moment
        SeriesPolicy policy;
        double expected;
        std::string moment;
    };
    const SeriesPolicy strict;
    const SeriesPolicy hold{GapPolicy::kHold, OutOfRangePolicy::kHold};
    const SeriesPolicy straight{GapPolicy::kInterpolate, OutOfRangePolicy::kError};
    const std::vector<Case> cases{
        {"2023-07-01T00:30Z", 0, strict, 100, "at 2023-07-01T00:30:00Z"},
        {"2023-07-01T02:00+01:00", 0, strict, 200, "at 2023-07-01T01:00:00Z"},
        {"2023-07-01T00:30Z", 60, strict, 150, "mean of 2023-07-01T00:30:00Z to 2023-07-01T01:30:00Z"},
        {"2023-07-01T04:00Z", 0, hold, 200, "at 2023-07-01T04:00:00Z"},
        {"2023-07-01T04:30Z", 0, straight, 300, "at 2023-07-01T04:30:00Z"},
        {"2023-07-01T09:00Z", 0, hold, 400, "at 2023-07-01T09:00:00Z"},
        {"2023-06-30T22:00Z", 180, hold, 100, "mean of 2023-06-30T22:00:00Z to 2023-07-01T01:00:00Z"},
    };
    for (const Case& one : cases) {
        CAPTURE(one.moment);
        Desk desk;
        desk.moment.at = at(one.time);
        if (one.window_minutes > 0) desk.moment.window = std::chrono::minutes(one.window_minutes);
        desk.moment.policy = one.policy;
        const Node node = desk.read("series:s.csv").nodes[0];
        CHECK(node.intensity.value() == doctest::Approx(one.expected));
        CHECK(node.zone == "ZZ");
        CHECK(node.intensity_scope == "lifecycle");
        REQUIRE(node.intensity_origin);
        CHECK(moment_text(*node.intensity_origin) == one.moment);
        CHECK(node.intensity_origin->kind == "actual");
        CHECK(node.intensity_origin->source == "Electricity Maps CSV");
        CHECK((one.policy.out_of_range == OutOfRangePolicy::kHold || one.policy.gap == GapPolicy::kInterpolate) ==
              !node.intensity_origin->remark.empty());
    }
}

TEST_CASE("a forecast stays one and a country's mean names its year and source") {
    Desk desk;
    desk.moment.at = at("2023-07-01T00:30Z");
    CHECK(desk.read("series:f.json").nodes[0].intensity_origin->kind == "forecast");
    desk.moment = {};
    const Cluster cluster = desk.read("country:DE", "");
    CHECK(cluster.nodes[0].intensity.value() == find_country(built_in_countries(), "DE").intensity.value());
    CHECK(cluster.nodes[0].zone == "DE");
    CHECK(cluster.nodes[0].intensity_signal == "average");
    CHECK(cluster.nodes[0].intensity_scope == "lifecycle");
    const std::vector<std::string> notes = intensity_notes(cluster);
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].find("mean of the year 2023, not of the time of the plan") != std::string::npos);
    CHECK(notes[0].find("Our World in Data") != std::string::npos);
    CHECK(notes[0].find("CC BY 4.0") != std::string::npos);
}

TEST_CASE("nodes and gateway of one series share one reading, and the gateway is of the nodes' scope") {
    Desk desk;
    desk.moment.at = at("2023-07-01T01:00Z");
    const Cluster cluster = desk.read("series:s.csv", "intensity_scope = direct\nintensity_signal = average\n",
                                      "[gateway]\nintensity = series:s.csv\nzone = ZZ\n");
    REQUIRE(cluster.gateway_intensity);
    CHECK(cluster.gateway_intensity->value() == 100);
    CHECK(cluster.gateway_zone == "ZZ");
    CHECK(intensity_notes(cluster).size() == 2);
}

TEST_CASE("where a series has no value, or is of something else, the cluster file's line says why") {
    struct Case {
        std::string intensity;
        std::string more;
        std::string time;
        std::string message;
    };
    const std::string scope = "intensity_scope = lifecycle\n";
    const std::vector<Case> cases{
        {"series:s.csv", "", "2023-07-01T00:00Z",
         "c.ini:5: [node.a] lab/s.csv:1: holds direct and lifecycle intensities: say which, intensity_scope = direct "
         "or "
         "intensity_scope = lifecycle"},
        {"series:s.csv", scope, "",
         "c.ini:5: [node.a] takes its intensity from a series: say when, --at 2023-07-01T00:00:00Z (it covers "
         "2023-07-01T00:00:00Z to 2023-07-01T08:00:00Z)"},
        {"series:s.csv", scope, "2023-07-01T04:00Z",
         "c.ini:5: [node.a] s.csv: no sample of zone 'ZZ' between 2023-07-01T03:00:00Z and 2023-07-01T06:00:00Z; --gap "
         "and "
         "--beyond say what to take instead"},
        {"series:s.csv", scope, "2024-07-01T04:00Z",
         "c.ini:5: [node.a] s.csv: 2024-07-01T04:00:00Z lies outside the series of zone 'ZZ', 2023-07-01T00:00:00Z to "
         "2023-07-01T08:00:00Z; --gap and --beyond say what to take instead"},
        {"series:s.csv", scope + "zone = QQ\n", "2023-07-01T00:00Z",
         "c.ini:5: [node.a] lab/s.csv: holds no intensity of zone 'QQ'; it has zone 'ZZ'"},
        {"series:s.csv", scope + "intensity_signal = marginal\n", "2023-07-01T00:00Z",
         "c.ini:5: [node.a] lab/s.csv:1: holds average intensities, intensity_signal = marginal was asked for"},
        {"series:none.csv", scope, "2023-07-01T00:00Z",
         "c.ini:5: [node.a] lab/none.csv: cannot be read: No such file or directory"},
        {"country:DE", "intensity_scope = direct\n", "",
         "c.ini:5: [node.a] the mean of Germany is lifecycle, direct was asked for"},
        {"country:DE", "intensity_signal = marginal\n", "",
         "c.ini:5: [node.a] the mean of Germany is average, marginal was asked for"},
        {"country:", "", "", "c.ini:5: intensity: 'country:' names nothing, expected one such as"},
        {"country:Germany", "", "", "c.ini:5: [node.a] unknown country 'Germany'; valid: "},
    };
    for (const Case& wrong : cases) {
        CAPTURE(wrong.message);
        Desk desk;
        if (!wrong.time.empty()) desk.moment.at = at(wrong.time.c_str());
        const std::string message = error_text([&] { desk.read(wrong.intensity, wrong.more); });
        CHECK_MESSAGE(message.starts_with(wrong.message), message);
    }
}

}  // namespace carbonedge
