#include "lib/carbon/live_intensities.h"

#include "lib/base/errors.h"
#include "tests/support/scripted_client.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace carbonedge {
namespace {

UtcSeconds at_minute(int minute) { return *parse_utc("2024-01-01T12:00:00Z") + std::chrono::minutes(minute); }

/// What the UK service answers when its latest half hour began then.
HttpResponse uk_answer(double value, UtcSeconds start) {
    return {
        200,
        fmt::format(R"({{"data":[{{"from":"{}","to":"{}","intensity":{{"forecast":1,"actual":{},"index":"low"}}}}]}})",
                    utc_text(start), utc_text(start + std::chrono::minutes(30)), value),
        "",
        {}};
}
HttpResponse refusal() { return {401, "", "", {}}; }

struct Desk {
    ScriptedClient* client = nullptr;
    std::unique_ptr<LiveIntensities> live;

    Desk(std::vector<LiveZone> zones, std::vector<HttpResponse> answers) {
        IntensityQuery query;
        query.choice.scope = IntensityScope::kDirect;
        LivePolicy policy;
        policy.fetch.now = [] { return at_minute(0); };
        const auto make_client = [&](const std::stop_token&) {
            auto scripted = std::make_unique<ScriptedClient>(std::move(answers));
            client = scripted.get();
            return scripted;
        };
        live = std::make_unique<LiveIntensities>(std::move(zones), query, ServiceSecret{}, make_client, policy);
    }
};

using Values = std::vector<ZoneIntensity>;

TEST_CASE("the latest value of the past holds now, and is asked for once a moment") {
    Desk desk({{"GB", ""}}, {uk_answer(200, at_minute(-40)), uk_answer(150, at_minute(-10))});
    CHECK(desk.live->at(at_minute(0)) == Values{{"GB", CarbonIntensity(200)}});
    CHECK(desk.live->at(at_minute(0)) == Values{{"GB", CarbonIntensity(200)}});
    REQUIRE(desk.client->requests.size() == 1);
    CHECK(desk.client->requests[0].url.ends_with("/intensity/2024-01-01T06:00Z/2024-01-01T12:00Z"));
    REQUIRE(desk.live->latest_series().size() == 1);
    CHECK(desk.live->latest_series()[0].second.origin().scope == IntensityScope::kDirect);
    CHECK(desk.live->next_change(at_minute(0)) == at_minute(5));
    CHECK(desk.live->at(at_minute(5)) == Values{{"GB", CarbonIntensity(150)}});
    CHECK(desk.live->problems().empty());
}

TEST_CASE("a zone that cannot be had keeps its last value, and the others go on") {
    Desk desk({{"A", ""}, {"B", ""}},
              {uk_answer(200, at_minute(0)), uk_answer(300, at_minute(0)), refusal(), uk_answer(350, at_minute(5)),
               uk_answer(210, at_minute(5)), uk_answer(350, at_minute(5))});
    CHECK(desk.live->at(at_minute(0)) == Values{{"A", CarbonIntensity(200)}, {"B", CarbonIntensity(300)}});
    CHECK(desk.live->at(at_minute(5)) == Values{{"A", CarbonIntensity(200)}, {"B", CarbonIntensity(350)}});
    REQUIRE(desk.live->problems().size() == 1);
    CHECK(desk.live->problems()[0].starts_with("zone A: uk answered 401"));
    CHECK(desk.live->at(at_minute(10)) == Values{{"A", CarbonIntensity(210)}, {"B", CarbonIntensity(350)}});
    CHECK(desk.live->problems().empty());
}

TEST_CASE("without a first value there is nothing to go on with") {
    Desk desk({{"GB", ""}}, {refusal()});
    CHECK_THROWS_AS(static_cast<void>(desk.live->at(at_minute(0))), EnvironmentError);
}

TEST_CASE("an old value does not say what holds now") {
    Desk desk({{"GB", ""}}, {uk_answer(200, at_minute(-181)), uk_answer(200, at_minute(-180))});
    CHECK_THROWS_WITH_AS(static_cast<void>(desk.live->at(at_minute(0))),
                         "uk: the latest value of zone 'GB' is of 2024-01-01T08:59:00Z; ask for another zone, or run "
                         "with --series",
                         EnvironmentError);
    CHECK_NOTHROW(static_cast<void>(desk.live->at(at_minute(1) - std::chrono::minutes(1))));
}

TEST_CASE("whoever waits for a service that asks for a pause can be called off") {
    Desk desk({{"GB", ""}}, {{503, "", "", std::chrono::seconds(25)}});
    desk.live->interrupt();
    CHECK_THROWS_AS(static_cast<void>(desk.live->at(at_minute(0))), Interrupted);
    CHECK(desk.client->requests.size() == 1);
}

}  // namespace
}  // namespace carbonedge
