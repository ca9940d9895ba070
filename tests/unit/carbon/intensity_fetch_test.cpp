#include "lib/carbon/intensity_fetch.h"
#include "lib/base/errors.h"
#include "tests/support/scripted_client.h"
#include "tests/support/temporary_folder.h"

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace carbonedge {
namespace {

const std::string kToken = "s3cret-t0ken";
const std::string kUkAnswer =
    R"({"data":[{"from":"2024-01-01T00:00Z","to":"2024-01-01T00:30Z","intensity":{"forecast":266,"actual":263,"index":"moderate"}}]})";

HttpResponse answer(long status, const std::string& body = "", std::chrono::seconds retry_after = {}) {
    return {status, body, status == 0 ? "timed out" : "", retry_after};
}

struct Desk {
    TemporaryFolder folder;
    std::vector<std::chrono::milliseconds> waits;
    UtcSeconds clock{std::chrono::hours(24 * 365 * 60)};
    FetchPolicy policy;

    Desk() {
        policy.cache_folder = (folder.path() / "cache").string();
        policy.sleep = [this](std::chrono::milliseconds time) { waits.push_back(time); };
        policy.now = [this] { return clock; };
        policy.fresh_for = std::chrono::seconds(0);
    }
};

IntensityQuery uk_query() {
    IntensityQuery query;
    query.from = *parse_utc("2024-01-01T00:00:00Z");
    query.to = *parse_utc("2024-01-01T01:00:00Z");
    return query;
}

}  // namespace

TEST_CASE("an answer is read, cached, and a failing service falls back on the cache and says how old it is") {
    Desk desk;
    ScriptedClient good({answer(200, kUkAnswer)});
    const FetchedIntensity first = fetch_intensity(uk_query(), {}, good, desk.policy);
    CHECK_FALSE(first.from_cache);
    CHECK(first.series.samples()[0].intensity.value() == 263);
    CHECK(good.requests[0].url == "https://api.carbonintensity.org.uk/intensity/2024-01-01T00:00Z/2024-01-01T01:00Z");

    const auto written = std::chrono::file_clock::to_sys(
        std::filesystem::last_write_time(std::filesystem::directory_iterator(desk.policy.cache_folder)->path()));
    desk.clock = std::chrono::floor<std::chrono::seconds>(written) + std::chrono::minutes(130);
    ScriptedClient down({answer(503), answer(429, "", std::chrono::seconds(7)), answer(0), answer(500)});
    const FetchedIntensity second = fetch_intensity(uk_query(), {}, down, desk.policy);
    CHECK(second.from_cache);
    CHECK(second.remark == "uk answered 500; the values are the ones cached 2 h 10 min ago");
    CHECK(second.series.samples() == first.series.samples());
    CHECK(down.requests.size() == 4);
    REQUIRE(desk.waits.size() == 3);
    CHECK(desk.waits[0] >= std::chrono::milliseconds(500));
    CHECK(desk.waits[1] == std::chrono::seconds(7));
    CHECK(desk.waits[2] >= std::chrono::milliseconds(2000));
}

TEST_CASE("without cache a failure is one line with the remedy and a refused token is not retried") {
    Desk desk;
    struct Case {
        HttpResponse response;
        std::string message;
        std::size_t requests;
    };
    const std::vector<Case> cases{
        {answer(404),
         "no intensity could be fetched: uk answered 404; check the network and the zone, or read a file instead", 1},
        {answer(0),
         "no intensity could be fetched: uk timed out; check the network and the zone, or read a file instead", 4},
        {answer(401),
         "uk answered 401: it does not accept the token for zone ''; check the token's file or variable, and that the "
         "account covers the zone",
         1},
        {answer(200, kUkAnswer.substr(0, 60)), "no intensity could be fetched: answer of uk:1: ", 1}};
    for (const Case& wrong : cases) {
        ScriptedClient client({wrong.response});
        CAPTURE(wrong.message);
        try {
            fetch_intensity(uk_query(), {kToken}, client, desk.policy);
            FAIL("nothing was thrown");
        } catch (const EnvironmentError& error) {
            CHECK(std::string(error.what()).starts_with(wrong.message));
            CHECK(std::string(error.what()).find(kToken) == std::string::npos);
        }
        CHECK(client.requests.size() == wrong.requests);
    }
}

TEST_CASE("each service is asked in its own way and the token stays out of the address and the cache") {
    Desk desk;
    IntensityQuery query = uk_query();
    query.service = IntensityService::kElectricityMaps;
    query.choice.zone = "DE&x=1";
    query.choice.scope = IntensityScope::kDirect;
    ScriptedClient maps(
        {answer(200, R"({"zone":"DE&x=1","data":[{"carbonIntensity":300,"datetime":"2024-01-01T00:00:00Z"}]})")});
    CHECK(fetch_intensity(query, {kToken}, maps, desk.policy).series.origin().scope == IntensityScope::kDirect);
    CHECK(maps.requests[0].url.find("zone=DE%26x%3D1&") != std::string::npos);
    CHECK(maps.requests[0].url.find(kToken) == std::string::npos);
    CHECK(maps.requests[0].headers.back() == "auth-token: " + kToken);

    query.service = IntensityService::kWattTime;
    query.choice = {};
    query.choice.zone = "CAISO_NORTH";
    ScriptedClient watttime({answer(200, R"({"token":"short-lived"})"),
                             answer(200, R"({"data":[{"point_time":"2024-01-01T00:00:00+00:00","value":1000}],
                                "meta":{"region":"CAISO_NORTH","signal_type":"co2_moer","units":"lbs_co2_per_mwh"}})")});
    CHECK(fetch_intensity(query, {"name:word"}, watttime, desk.policy).series.samples()[0].intensity.value() ==
          doctest::Approx(453.59237));
    CHECK(watttime.requests[0].user_and_password == "name:word");
    CHECK(watttime.requests[1].headers.back() == "Authorization: Bearer short-lived");

    query.choice.zone = "PJM_CHICAGO";
    ScriptedClient other_zone(
        {answer(200, R"({"token":"short-lived"})"),
         answer(200,
                R"({"data":[],"meta":{"region":"CAISO_NORTH","signal_type":"co2_moer","units":"lbs_co2_per_mwh"}})")});
    CHECK_THROWS_AS(fetch_intensity(query, {"name:word"}, other_zone, desk.policy), EnvironmentError);

    for (const auto& entry : std::filesystem::directory_iterator(desk.policy.cache_folder)) {
        std::ifstream file(entry.path());
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        CHECK(text.find(kToken) == std::string::npos);
        CHECK(entry.path().string().find(kToken) == std::string::npos);
    }
}

TEST_CASE("a secret's file must be private and not empty") {
    const TemporaryFolder folder;
    const std::string path = (folder.path() / "token").string();
    std::ofstream(path) << kToken << "\nmore\n";
    std::filesystem::permissions(path, std::filesystem::perms(0644));
    CHECK_THROWS_AS(read_secret_file(path), InputError);
    std::filesystem::permissions(path, std::filesystem::perms(0600));
    CHECK(read_secret_file(path).value == kToken);
    std::ofstream(path, std::ios::trunc) << "\n";
    CHECK_THROWS_AS(read_secret_file(path), InputError);
}

}  // namespace carbonedge
