#include "lib/carbon/zone_intensities.h"

#include "lib/base/errors.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

UtcSeconds hour(int number) { return UtcSeconds(std::chrono::hours(number)); }

IntensitySeries series_of(const std::vector<std::pair<int, double>>& values, IntensitySignal signal = {}) {
    std::vector<IntensitySample> samples;
    for (const auto& [start, intensity] : values) samples.push_back({hour(start), CarbonIntensity(intensity), false});
    SeriesOrigin origin;
    origin.signal = signal;
    return {origin, samples};
}

Cluster two_zones() {
    Cluster cluster;
    const std::pair<std::string, std::string> places[] = {{"a", "DE"}, {"b", "FR"}};
    for (const auto& [name, zone] : places) {
        Node& node = cluster.nodes.emplace_back();
        node.name = name;
        node.zone = zone;
    }
    return cluster;
}

TEST_CASE("replayed zones change where any of their series does") {
    ReplayedIntensities replayed(
        {{"DE", series_of({{0, 400}, {2, 300}, {4, 200}})}, {"FR", series_of({{1, 50}, {3, 60}})}},
        {GapPolicy::kError, OutOfRangePolicy::kHold});
    CHECK(replayed.at(hour(2)) ==
          std::vector<ZoneIntensity>{{"DE", CarbonIntensity(300)}, {"FR", CarbonIntensity(50)}});
    std::vector<int> changes;
    for (std::optional<UtcSeconds> next = hour(0); (next = replayed.next_change(*next));) {
        changes.push_back(static_cast<int>(next->time_since_epoch() / std::chrono::hours(1)));
    }
    CHECK(changes == std::vector<int>{1, 2, 3, 4, 5, 6});
    CHECK(replayed.at(hour(9))[0].intensity == CarbonIntensity(200));
}

TEST_CASE("a gap is no value that goes on") {
    ReplayedIntensities replayed({{"DE", series_of({{0, 400}, {1, 300}, {2, 200}, {5, 100}})}}, {});
    CHECK(replayed.next_change(hour(2)) == hour(3));
    CHECK_THROWS_AS(replayed.at(hour(3)), UsageError);
    CHECK(replayed.next_change(hour(3)) == hour(5));
}

TEST_CASE("a moment without a value is refused unless the caller lets it hold") {
    ReplayedIntensities replayed({{"DE", series_of({{0, 400}, {2, 300}})}}, {});
    CHECK_THROWS_AS(replayed.at(hour(7)), UsageError);
}

TEST_CASE("a zone's intensity reaches its nodes and a gateway that counts one") {
    Cluster cluster = two_zones();
    cluster.gateway_zone = "DE";
    set_zone_intensity(cluster, "DE", CarbonIntensity(7));
    CHECK(cluster.nodes[0].intensity == CarbonIntensity(7));
    CHECK(cluster.nodes[1].intensity != CarbonIntensity(7));
    CHECK_FALSE(cluster.gateway_intensity.has_value());
    cluster.gateway_intensity = CarbonIntensity(1);
    set_zone_intensity(cluster, "DE", CarbonIntensity(8));
    CHECK(cluster.gateway_intensity == CarbonIntensity(8));
}

TEST_CASE("a zone's intensity reaches its links, and a link's zone is one of the cluster's") {
    Cluster cluster = two_zones();
    CHECK_THROWS_AS(require_zone(cluster, "CH", "--series"), UsageError);
    cluster.default_link.zone = "CH";
    cluster.default_link.intensity_origin.emplace();
    Link link;
    link.from = "a";
    link.to = "b";
    link.intensity = CarbonIntensity(5);
    cluster.links = {link};
    CHECK_NOTHROW(require_zone(cluster, "CH", "--series"));
    set_zone_intensity(cluster, "CH", CarbonIntensity(30));
    CHECK(cluster.default_link.intensity == CarbonIntensity(30));
    CHECK_FALSE(cluster.default_link.intensity_origin.has_value());
    CHECK(cluster.links[0].intensity == CarbonIntensity(5));
}

TEST_CASE("kinds of intensity are never mixed") {
    const Cluster cluster = two_zones();
    const IntensitySeries average = series_of({{0, 1}});
    const IntensitySeries marginal = series_of({{0, 1}}, IntensitySignal::kMarginal);
    CHECK_NOTHROW(require_one_kind({{"DE", average}}, cluster, "--series"));
    CHECK_THROWS_WITH_AS(require_one_kind({{"DE", average}, {"FR", marginal}}, cluster, "--series"),
                         "--series: zone FR is marginal lifecycle, zone DE is average lifecycle: they are never mixed",
                         UsageError);
    CHECK_THROWS_WITH_AS(require_one_kind({{"DE", marginal}}, cluster, "--series"),
                         "--series: node b keeps its average lifecycle intensity beside marginal lifecycle series: "
                         "they are never mixed",
                         UsageError);
    CHECK_THROWS_AS(require_zone(cluster, "ES", "--series"), UsageError);
    CHECK_NOTHROW(require_zone(cluster, "FR", "--series"));
}

}  // namespace
}  // namespace carbonedge
