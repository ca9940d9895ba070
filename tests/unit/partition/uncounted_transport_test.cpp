#include "lib/partition/uncounted_transport.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

/// A stage on each of two nodes; one gigabyte goes in, two between, none back.
Plan two_node_plan() {
    Plan plan;
    Node clean;
    clean.name = "clean";
    clean.intensity = CarbonIntensity(100);
    Node dirty;
    dirty.name = "dirty";
    dirty.intensity = CarbonIntensity(500);
    plan.cluster.nodes = {clean, dirty};
    Pipeline pipeline;
    PlannedTransfer in;
    in.from = kGateway;
    in.to = "clean";
    in.bytes = Bytes(1'000'000'000);
    PlannedTransfer between;
    between.from = "clean";
    between.to = "dirty";
    between.bytes = Bytes(2'000'000'000);
    PlannedTransfer back;
    back.from = "dirty";
    back.to = kGateway;
    pipeline.transfers = {in, between, back};
    plan.pipelines = {pipeline};
    return plan;
}

}  // namespace

TEST_CASE(
    "bytes over links without an energy per byte are weighed with the published range and the links' intensities") {
    Plan plan = two_node_plan();
    const auto uncounted = uncounted_transport(plan);
    REQUIRE(uncounted);
    CHECK(uncounted->all);
    CHECK(uncounted->bytes == Bytes(3'000'000'000));
    // 1 GB at the node's 100 g/kWh, 2 GB at the mean of 100 and 500: 700 g per kWh/GB.
    CHECK(uncounted->low.value() == doctest::Approx(0.7));
    CHECK(uncounted->high.value() == doctest::Approx(84));
    CHECK(uncounted_transport_note(*uncounted) ==
          "links: the energy of 3.00 GB a request is not counted, for no link states energy_per_byte; published "
          "figures of "
          "0.001 to 0.12 kWh/GB would add 700 mg to 84.0 g");

    Link stated;
    stated.from = "dirty";
    stated.to = "clean";
    stated.energy_per_byte = JoulesPerByte(1e-6);
    plan.cluster.links = {stated};
    const auto rest = uncounted_transport(plan);
    REQUIRE(rest);
    CHECK_FALSE(rest->all);
    CHECK(rest->bytes == Bytes(1'000'000'000));
    CHECK(rest->low.value() == doctest::Approx(0.1));

    plan.cluster.default_link.energy_per_byte = JoulesPerByte(1e-6);
    CHECK_FALSE(uncounted_transport(plan));
}

TEST_CASE("of several pipelines the bytes count by their share of the requests") {
    Plan plan = two_node_plan();
    plan.pipelines.push_back(plan.pipelines[0]);
    plan.pipelines[0].share = 0.25;
    plan.pipelines[1].share = 0;
    CHECK(uncounted_transport(plan)->bytes == Bytes(750'000'000));
}

}  // namespace carbonedge
