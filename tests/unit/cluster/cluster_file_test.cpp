#include "lib/cluster/cluster_file.h"
#include "lib/cluster/cluster_json_file.h"
#include "lib/cluster/intensity_notes.h"
#include "tests/support/error_text.h"
#include "tests/support/random_cluster.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace carbonedge {
namespace {

const std::string kText = R"([cluster]
schema = carbonedge.cluster/1
name = three nodes
idle_policy = attributed

[node.high]
cpus = 1
quota_period = 100ms
memory = 1024MiB
threads = 1
zone = PL
intensity = 620g/kWh
intensity_signal = average
intensity_scope = lifecycle
profile = high.profile.csv
idle_power_per_core = 1.5W
busy_power_per_core = 12W
pue = 1.2
embodied = 150000g
lifetime = 126230400s
device = cpu

[node.green]
cpus = 0.4
quota_period = 50ms
memory = 536870913B
threads = 2
zone = FR
intensity = 380g/kWh
intensity_signal = marginal
intensity_scope = direct
speed_factor = 0.8
idle_power_per_core = 0W
busy_power_per_core = 4W
pue = 1
device = cpu

[link.default]
latency = 2ms
bandwidth = 12500000B/s
energy_per_byte = 0.00018J/B
intensity = 400g/kWh

[link.gateway.green]
latency = 5ms

[gateway]
zone = DE
intensity = 350g/kWh

[transport]
fixed_ns = 100000
per_byte_ns = 0.5
send_cpu_fixed_ns = 20000
send_cpu_per_byte_ns = 0.25
receive_cpu_fixed_ns = 30000
receive_cpu_per_byte_ns = 0.125
source = calibrated 2026-01-02 lab
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE_MESSAGE(at != std::string::npos, from);
    return text.replace(at, from.size(), to);
}

std::string cluster_error(const std::string& text) {
    return error_text([&] { read_cluster(text, "c.ini"); });
}

Cluster from_json_text(const std::string& text) {
    const JsonDocument document = read_json(text, "c.json");
    return cluster_from_json(document.root());
}

}  // namespace

TEST_CASE("a cluster is read as it stands and written back byte for byte") {
    const Cluster cluster = read_cluster(kText, "c.ini");
    CHECK(cluster.name == "three nodes");
    CHECK(cluster.idle_policy == IdlePolicy::kAttributed);
    REQUIRE(cluster.nodes.size() == 2);
    const Node& high = cluster.nodes[0];
    CHECK(high.name == "high");
    CHECK(high.memory == Bytes(1'073'741'824));
    CHECK(high.intensity == CarbonIntensity(620));
    CHECK(high.profile == "high.profile.csv");
    CHECK(high.busy_power_per_core == Watts(12));
    CHECK(high.embodied == GramsCo2e(150'000));
    CHECK(high.lifetime == Seconds(126'230'400));
    const Node& green = cluster.nodes[1];
    CHECK(green.cpus == 0.4);
    CHECK(green.quota_period == Nanoseconds(50'000'000));
    CHECK(green.threads == 2);
    CHECK(green.intensity_signal == "marginal");
    CHECK(green.intensity_scope == "direct");
    CHECK(green.speed_factor == 0.8);
    CHECK(green.embodied == GramsCo2e(0));
    CHECK(cluster.default_link.bandwidth == BytesPerSecond(12.5e6));
    CHECK(cluster.default_link.intensity == CarbonIntensity(400));
    REQUIRE(cluster.links.size() == 1);
    CHECK(cluster.links[0].from == "gateway");
    CHECK(cluster.links[0].to == "green");
    CHECK(cluster.links[0].latency == Nanoseconds(5'000'000));
    CHECK(cluster.gateway_zone == "DE");
    CHECK(cluster.gateway_intensity == CarbonIntensity(350));
    CHECK(cluster.transport.receive_cpu_per_byte_ns == 0.125);
    CHECK(cluster.transport.source == "calibrated 2026-01-02 lab");
    CHECK(write_cluster(cluster) == kText);
}

TEST_CASE("a cluster written by hand needs little and may stand in any order and units") {
    const Cluster cluster = read_cluster(
        "# by hand\n[link.edge.gateway]\nbandwidth = 100Mbit/s\nenergy_per_byte = 0.05kWh/GB\n\n[node.edge]\ncpus = "
        "0.6\r\n"
        "memory = 512 MiB\nintensity = 530 gCO2e/kWh\nbusy_power_per_core = 4.5 W\nembodied = 30 kg\nlifetime = 4 "
        "years\n",
        "c.ini");
    REQUIRE(cluster.nodes.size() == 1);
    CHECK(cluster.nodes[0].threads == 1);
    CHECK(cluster.nodes[0].quota_period == Nanoseconds(100'000'000));
    CHECK(cluster.nodes[0].embodied == GramsCo2e(30'000));
    CHECK(cluster.links.at(0).from == "edge");
    CHECK(cluster.default_link == Link{});
    CHECK(cluster.transport == TransportCost{});
    CHECK(cluster.idle_policy == IdlePolicy::kNone);
}

TEST_CASE("random clusters survive INI and JSON") {
    SeededRandom random(5);
    for (std::size_t round = 0; round < 300; ++round) {
        const Cluster cluster = random_cluster(random, 1 + round % 5);
        const std::string ini = write_cluster(cluster);
        const Cluster from_ini = read_cluster(ini, "c.ini");
        REQUIRE(from_ini == cluster);
        REQUIRE(write_cluster(from_ini) == ini);
        const std::string json = write_json(cluster_to_json(cluster));
        const Cluster from_json = from_json_text(json);
        REQUIRE(from_json == cluster);
        REQUIRE(write_json(cluster_to_json(from_json)) == json);
    }
}

TEST_CASE("a named intensity is kept as it is named where nobody looks it up and cannot get into a plan") {
    const std::string text =
        "[cluster]\nschema = carbonedge.cluster/1\nidle_policy = none\n\n[node.a]\ncpus = 1\nquota_period = "
        "100ms\nmemory = "
        "64MiB\nthreads = 1\nintensity = series:de 2023.csv\nintensity_scope = direct\nspeed_factor = 1\n"
        "idle_power_per_core = 0W\nbusy_power_per_core = 5W\npue = 1\ndevice = cpu\n\n[gateway]\nintensity = "
        "country:DE\n";
    const Cluster cluster = read_cluster(text, "c.ini", keep_intensity_name);
    CHECK(cluster_error(text) ==
          "c.ini:10: [node.a] the intensity series:de 2023.csv is not looked up here; state a number such as 380g/kWh");
    REQUIRE(cluster.nodes[0].intensity_origin);
    CHECK_FALSE(cluster.nodes[0].intensity_origin->is_resolved());
    CHECK(cluster.nodes[0].intensity_signal.empty());
    CHECK(write_cluster(cluster) == text);
    CHECK_THROWS_AS(cluster_to_json(cluster), std::logic_error);

    const IntensityResolver resolver = [](const IntensityReference& reference) {
        CHECK(reference.line == (reference.section == "gateway" ? 19 : 10));
        CHECK(reference.scope == "direct");
        ResolvedIntensity found;
        found.intensity = CarbonIntensity(123);
        found.zone = "DE";
        found.signal = "average";
        found.scope = "direct";
        found.origin = {reference.text, "a source", "a licence", "actual", "2023-07-01T00:00:00Z", "", "held"};
        return found;
    };
    const Cluster resolved = read_cluster(text, "c.ini", resolver);
    CHECK(resolved.nodes[0].intensity == CarbonIntensity(123));
    CHECK(resolved.gateway_intensity == CarbonIntensity(123));
    CHECK(resolved.gateway_zone == "DE");
    const std::string json = write_json(cluster_to_json(resolved));
    CHECK(from_json_text(json) == resolved);
    CHECK(write_json(cluster_to_json(from_json_text(json))) == json);
}

TEST_CASE("links take their intensity from where nodes do and are of the nodes' signal and scope") {
    const std::string text =
        "[node.a]\ncpus = 1\nmemory = 64MiB\nintensity = 5g/kWh\nintensity_scope = direct\nbusy_power_per_core = "
        "5W\n[link.default]\nenergy_per_byte = 0J/B\nintensity = country:FR\n[link.gateway.a]\nenergy_per_byte = "
        "0.001kWh/GB\nzone = DE\nintensity = series:many zones.csv\n";
    CHECK(cluster_error(text) ==
          "c.ini:9: [link.default] the intensity country:FR is not looked up here; state a number such as 380g/kWh");
    const Cluster named = read_cluster(text, "c.ini", keep_intensity_name);
    CHECK_FALSE(named.links[0].intensity.has_value());
    CHECK(read_cluster(write_cluster(named), "c.ini", keep_intensity_name) == named);
    CHECK_THROWS_AS(cluster_to_json(named), std::logic_error);

    std::vector<std::string> asked;
    const IntensityResolver resolver = [&](const IntensityReference& reference) {
        asked.push_back(reference.section + " " + reference.text + " " + reference.zone + " " + reference.signal + " " +
                        reference.scope + " " + std::to_string(reference.line));
        ResolvedIntensity found;
        found.intensity = CarbonIntensity(100.0 * static_cast<double>(asked.size()));
        found.zone = "FR";
        found.origin = {reference.text, "a source", "", "actual", "2023-07-01T00:00:00Z", "", ""};
        return found;
    };
    const Cluster cluster = read_cluster(text, "c.ini", resolver);
    CHECK(asked == std::vector<std::string>{"link.default country:FR  average direct 9",
                                            "link.gateway.a series:many zones.csv DE average direct 13"});
    CHECK(cluster.default_link.intensity == CarbonIntensity(100));
    CHECK(cluster.default_link.zone == "FR");
    CHECK(link_intensity(cluster, cluster.links[0], kGateway, "a") == CarbonIntensity(200));
    CHECK(cluster.links[0].zone == "DE");
    const std::vector<std::string> notes = intensity_notes(cluster);
    REQUIRE(notes.size() == 2);
    CHECK(notes[0] ==
          "intensity of links without their own: 100 g/kWh (average, direct), at 2023-07-01T00:00:00Z, actual; "
          "country:FR: a source");
    CHECK(notes[1].starts_with("intensity of link gateway.a: 200 g/kWh (average, direct), at "));
    const std::string json = write_json(cluster_to_json(cluster));
    CHECK(from_json_text(json) == cluster);
    CHECK(write_json(cluster_to_json(from_json_text(json))) == json);
}

TEST_CASE("an energy per byte of 0 is told apart from none in INI and in plans") {
    const std::string node = "[node.a]\ncpus = 1\nmemory = 64MiB\nintensity = 5g/kWh\nbusy_power_per_core = 5W\n";
    const Cluster silent = read_cluster(node + "[link.default]\nlatency = 1ms\n", "c.ini");
    const Cluster zero = read_cluster(node + "[link.default]\nlatency = 1ms\nenergy_per_byte = 0J/B\n", "c.ini");
    const Cluster some = read_cluster(node + "[link.default]\nlatency = 1ms\nenergy_per_byte = 1nJ/B\n", "c.ini");
    CHECK_FALSE(states_energy(silent.default_link));
    CHECK(states_energy(zero.default_link));
    CHECK(states_energy(some.default_link));
    for (const Cluster& cluster : {silent, zero, some}) {
        CHECK(read_cluster(write_cluster(cluster), "c.ini") == cluster);
        CHECK(from_json_text(write_json(cluster_to_json(cluster))) == cluster);
    }
    CHECK(write_json(cluster_to_json(silent)).find("energy_stated") == std::string::npos);
}

TEST_CASE("intensities that do not count the same cannot be weighed") {
    Cluster cluster = read_cluster(kText, "c.ini");
    REQUIRE(mixed_intensities(cluster));
    CHECK(*mixed_intensities(cluster) ==
          "the intensity of node high is average, that of node green is marginal: they do not count the same "
          "emissions, so "
          "no plan can weigh one against the other; give all nodes one intensity_signal");
    cluster.nodes[1].intensity_signal = "average";
    CHECK(mixed_intensities(cluster)->ends_with("give all nodes one intensity_scope"));
    cluster.nodes[1].intensity_scope = "lifecycle";
    CHECK_FALSE(mixed_intensities(cluster));
    CHECK(intensity_notes(cluster).empty());
}

TEST_CASE("what is wrong with a cluster is said with file and line") {
    struct Row {
        std::string from;
        std::string to;
        std::string expected;
    };
    const std::vector<Row> rows{
        {"cluster/1", "cluster/7",
         "c.ini:2: has schema version 7, this carbonedge reads up to 1; use a newer carbonedge"},
        {"cluster/1", "plan/1", "c.ini:2: is a 'carbonedge.plan/1', expected carbonedge.cluster/1"},
        {"attributed", "atributed",
         "c.ini:4: unknown idle_policy 'atributed' (did you mean 'attributed'?); valid: none, attributed, full"},
        {"[cluster]", "[clutser]",
         "c.ini:1: unknown section 'clutser' (did you mean 'cluster'?); valid: cluster, node.NAME, link.A.B, "
         "link.default, "
         "gateway, transport"},
        {"cpus = 1\n", "cpu = 1\n",
         "c.ini:7: unknown key in [node.high]: 'cpu' (did you mean 'cpus'?); valid: cpus, quota_period, memory, "
         "threads, "
         "zone, intensity, intensity_signal, intensity_scope, profile, speed_factor, idle_power_per_core, "
         "busy_power_per_core, pue, embodied, lifetime, device"},
        {"cpus = 1\n", "", "c.ini:6: missing key 'cpus' in [node.high]"},
        {"busy_power_per_core = 12W\n", "", "c.ini:6: missing key 'busy_power_per_core' in [node.high]"},
        {"cpus = 1\n", "cpus = 0\n", "c.ini:7: cpus is 0, expected more than 0, at most 65536"},
        {"cpus = 1\n", "cpus = -1\n", "c.ini:7: cpus is -1, expected more than 0, at most 65536"},
        {"cpus = 1\n", "cpus = nan\n", "c.ini:7: cpus: 'nan' is not a number, expected one such as 0.6"},
        {"cpus = 1\n", "cpus = 1e999\n", "c.ini:7: cpus: '1e999' is not a number, expected one such as 0.6"},
        {"quota_period = 100ms", "quota_period = 100us", "c.ini:8: quota_period is 100us, expected 1ms to 1s"},
        {"memory = 1024MiB", "memory = 1024",
         "c.ini:9: memory: '1024' has no unit, expected a quantity with its unit such as 512MiB"},
        {"memory = 1024MiB", "memory = -1MiB",
         "c.ini:9: memory: '-1MiB' is negative, expected a quantity with its unit such as 512MiB"},
        {"memory = 1024MiB", "memory = 0MiB", "c.ini:9: memory is 0, expected more than 0, at most 1e+15"},
        {"threads = 1", "threads = 1.5", "c.ini:10: threads: '1.5' is not a whole number, expected one such as 2"},
        {"threads = 1", "threads = 0", "c.ini:10: threads is 0, expected 1 to 1024"},
        {"intensity_signal = average", "intensity_signal = averge",
         "c.ini:13: unknown intensity_signal 'averge' (did you mean 'average'?); valid: average, marginal"},
        {"intensity_scope = lifecycle", "intensity_scope = all",
         "c.ini:14: unknown intensity_scope 'all'; valid: direct, lifecycle"},
        {"profile = high.profile.csv", "profile = high.profile.csv\nspeed_factor = 2",
         "c.ini:16: speed_factor scales the reference profile, but the node has a profile of its own"},
        {"idle_power_per_core = 1.5W", "idle_power_per_core = 15W",
         "c.ini:17: busy_power_per_core is 12W, expected at least the 15W of idle_power_per_core"},
        {"pue = 1.2", "pue = 0.9", "c.ini:18: pue is 0.9, expected 1 to 100"},
        {"lifetime = 126230400s\n", "",
         "c.ini:19: embodied needs a lifetime to be spread over, such as lifetime = 4years"},
        {"device = cpu", "device = cuda",
         "c.ini:21: device cuda: this carbonedge runs models through a LibTorch without CUDA; only cpu"},
        {"device = cpu", "device = jetson",
         "c.ini:21: device jetson: this carbonedge runs models through a LibTorch without CUDA; only cpu"},
        {"device = cpu", "device = gpu", "c.ini:21: unknown device 'gpu' (did you mean 'cpu'?); valid: cpu"},
        {"[node.green]", "[node.gateway]",
         "c.ini:23: 'gateway' names the end where requests enter; name the node otherwise"},
        {"[node.green]", "[node.green.2]", "c.ini:23: a node's name has letters, digits, - and _"},
        {"[node.green]", "[node.]",
         "c.ini:23: '[node.]' is no section, expected one such as [node.green]; names have letters, digits, - and _"},
        {"[node.green]", "[node.high]", "c.ini:23: duplicate section [node.high], first in line 6"},
        {"[link.gateway.green]", "[link.gateway.gren]",
         "c.ini:44: unknown end of a link 'gren' (did you mean 'green'?); valid: gateway, high, green"},
        {"[link.gateway.green]", "[link.green.green]", "c.ini:44: a link from a node to itself is free already"},
        {"[link.gateway.green]", "[link.green.gateway]\nlatency = 1s\n[link.gateway.green]",
         "c.ini:46: [link.green.gateway] is there already; a link serves both directions"},
        {"[link.gateway.green]", "[link.green]",
         "c.ini:44: [link.green] has not two ends, expected [link.default] or one such as [link.gateway.green]"},
        {"[link.gateway.green]", "[link.a.b.c]",
         "c.ini:44: [link.a.b.c] has not two ends, expected [link.default] or one such as [link.gateway.green]"},
        {"latency = 2ms", "latency = 2",
         "c.ini:39: latency: '2' has no unit, expected a quantity with its unit such as 50ms"},
        {"latency = 2ms", "latency = 25h", "c.ini:39: latency is 90000s, expected 0s to 86400s"},
        {"fixed_ns = 100000", "fixed_ns = -1", "c.ini:52: fixed_ns is -1, expected 0 to 1e+15"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.from);
        CAPTURE(row.to);
        CHECK(cluster_error(replaced(kText, row.from, row.to)) == row.expected);
    }
    CHECK(cluster_error("") == "c.ini: is empty; expected sections such as [node.green]");
    CHECK(cluster_error("[cluster]\nname = x\n") == "c.ini:1: has no node; expected sections such as [node.green]");
}

TEST_CASE("what is wrong with an embedded cluster is said with file and line") {
    const std::string text = write_json(cluster_to_json(read_cluster(kText, "c.ini")));
    struct Row {
        std::string from;
        std::string to;
        std::string expected;
    };
    const std::vector<Row> rows{
        {"\"cpus\": 1,", "\"cpus\": 0,", "c.json:5: node.high: cpus is 0, expected more than 0, at most 65536"},
        {"\"cpus\": 1,", "\"cpu\": 1,", "c.json:7: unknown key 'cpu' (did you mean 'cpus'?)"},
        {"\"cpus\": 1,", "", "c.json:5: missing key 'cpus' in 'nodes'"},
        {"\"name\": \"green\"", "\"name\": \"high\"", "c.json:5: node.high: two nodes are named 'high'"},
        {"\"to\": \"green\"", "\"to\": \"gren\"",
         "c.json:48: link.gateway.gren: unknown end of a link 'gren' (did you mean 'green'?); valid: gateway, high, "
         "green"},
        {"\"attributed\"", "\"some\"",
         "c.json:3: unknown idle_policy 'some' (did you mean 'none'?); valid: none, attributed, full"},
        {"\"fixed_ns\": 100000", "\"fixed_ns\": -1", "c.json:59: transport: fixed_ns is -1, expected 0 to 1e+15"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.from);
        CAPTURE(row.to);
        CHECK(error_text([&] { from_json_text(replaced(text, row.from, row.to)); }) == row.expected);
    }
}

TEST_CASE("clusters that would read back differently are not written as INI") {
    SeededRandom random(2);
    const Cluster cluster = random_cluster(random, 2);
    Cluster changed = cluster;
    changed.name = "a # b";
    CHECK_THROWS_AS(write_cluster(changed), std::invalid_argument);
    changed = cluster;
    changed.nodes[0].cpus = 0;
    CHECK_THROWS_AS(write_cluster(changed), std::invalid_argument);
    changed = cluster;
    changed.nodes[1].name = changed.nodes[0].name;
    CHECK_THROWS_AS(write_cluster(changed), std::invalid_argument);
}

}  // namespace carbonedge
