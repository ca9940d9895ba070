#include "lib/partition/transport_energy.h"

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

/// 3.6e-3 J/B is 1 kWh/GB.
JoulesPerByte per_byte(double kilowatt_hours_per_gigabyte) {
    return JoulesPerByte(3.6e-3 * kilowatt_hours_per_gigabyte);
}

Link between_nodes(double kilowatt_hours_per_gigabyte) {
    Link link;
    link.from = "dirty";
    link.to = "clean";
    link.energy_per_byte = per_byte(kilowatt_hours_per_gigabyte);
    return link;
}

}  // namespace

TEST_CASE("bytes over links without an energy per byte are weighed with the published range and their intensities") {
    const Plan plan = two_node_plan();
    const TransportEnergy energy = transport_energy(plan);
    CHECK(energy.counted.bytes == Bytes(0));
    CHECK(energy.uncounted.bytes == Bytes(3'000'000'000));
    // 1 GB at the node's 100 g/kWh, 2 GB at the mean of 100 and 500: 700 g per kWh/GB.
    CHECK(energy.uncounted.low.value() == doctest::Approx(0.7));
    CHECK(energy.uncounted.high.value() == doctest::Approx(84));
    const std::vector<std::string> notes = transport_notes(plan);
    REQUIRE(notes.size() == 1);
    CHECK(notes[0] ==
          "links: the energy of 3.00 GB a request is not counted, for no link states energy_per_byte; published "
          "figures of 0.001 to 0.12 kWh/GB would add 700 mg to 84.0 g");
}

TEST_CASE("bytes over links that state their energy are shown beside the published range and not counted twice") {
    Plan plan = two_node_plan();
    plan.cluster.links = {between_nodes(0.06)};
    const TransportEnergy energy = transport_energy(plan);
    CHECK(energy.counted.bytes == Bytes(2'000'000'000));
    CHECK(energy.counted.grams.value() == doctest::Approx(36));
    CHECK(energy.uncounted.bytes == Bytes(1'000'000'000));
    CHECK(energy.uncounted.low.value() == doctest::Approx(0.1));
    const std::vector<std::string> notes = transport_notes(plan);
    REQUIRE(notes.size() == 2);
    CHECK(notes[0] ==
          "links: 2.00 GB a request at 0.06 kWh/GB, as the cluster states: 36.0 g; published figures of 0.001 to 0.12 "
          "kWh/GB would make that 600 mg to 72.0 g");
    CHECK(notes[1] ==
          "links: the energy of 1.00 GB a request is not counted, for not every link states energy_per_byte; "
          "published figures of 0.001 to 0.12 kWh/GB would add 100 mg to 12.0 g");

    plan.cluster.default_link.energy_per_byte = per_byte(0.001);
    REQUIRE(transport_notes(plan).size() == 1);
    CHECK(transport_notes(plan)[0] ==
          "links: 3.00 GB a request at 0.001 to 0.06 kWh/GB, as the cluster states: 36.1 g; published figures of 0.001 "
          "to 0.12 kWh/GB would make that 700 mg to 84.0 g");
}

TEST_CASE("an energy of 0 that is stated is not taken for one that nobody stated") {
    Plan plan = two_node_plan();
    plan.cluster.default_link.states_no_energy = true;
    CHECK(transport_energy(plan).uncounted.bytes == Bytes(0));
    const std::vector<std::string> notes = transport_notes(plan);
    REQUIRE(notes.size() == 1);
    CHECK(notes[0] ==
          "links: 3.00 GB a request at 0 kWh/GB, as the cluster states: 0 ng; published figures of 0.001 to 0.12 "
          "kWh/GB would make that 700 mg to 84.0 g");
}

TEST_CASE("of several pipelines the bytes count by their share of the requests") {
    Plan plan = two_node_plan();
    plan.pipelines.push_back(plan.pipelines[0]);
    plan.pipelines[0].share = 0.25;
    plan.pipelines[1].share = 0;
    CHECK(transport_energy(plan).uncounted.bytes == Bytes(750'000'000));
}

TEST_CASE("of a cluster without a plan it is said which links state their energy") {
    Cluster cluster = two_node_plan().cluster;
    CHECK(link_energy_note(cluster) ==
          "links: their energy is not counted, for none states energy_per_byte; published figures: 0.001 to 0.12 "
          "kWh/GB");
    cluster.links = {between_nodes(0.06)};
    CHECK(link_energy_note(cluster) ==
          "links: 0.06 kWh/GB as the cluster states, those that state none are not counted; published figures: 0.001 "
          "to 0.12 kWh/GB");
    cluster.default_link.states_no_energy = true;
    CHECK(link_energy_note(cluster) ==
          "links: 0 to 0.06 kWh/GB as the cluster states; published figures: 0.001 to 0.12 kWh/GB");
    for (const char* node : {"clean", "dirty"}) {  // with these, no pair is left for the default
        cluster.links.push_back(between_nodes(0.06));
        cluster.links.back().from = kGateway;
        cluster.links.back().to = node;
    }
    CHECK(link_energy_note(cluster) ==
          "links: 0.06 kWh/GB as the cluster states; published figures: 0.001 to 0.12 kWh/GB");
}

}  // namespace carbonedge
