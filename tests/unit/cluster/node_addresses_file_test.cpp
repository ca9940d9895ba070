#include "lib/cluster/node_addresses_file.h"
#include "tests/support/error_text.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace carbonedge {
namespace {

const std::string kText = R"([nodes]
schema = carbonedge.nodes/1

[node.left]
control = 10.0.0.7:7001
tensors = 10.0.0.7:7000

[node.right]
control = [fd00::7]:7001
tensors = edge-3.example.org:7000
)";

TEST_CASE("addresses of nodes are read and written as the same bytes") {
    const std::vector<NodeAddress> addresses = read_node_addresses(kText, "nodes.ini");
    REQUIRE(addresses.size() == 2);
    const NodeAddress left{"left", "10.0.0.7:7001", "10.0.0.7:7000"};
    CHECK(addresses[0] == left);
    CHECK(addresses[1].control == "[fd00::7]:7001");
    CHECK(write_node_addresses(addresses) == kText);
}

TEST_CASE("addresses that are none are refused with their line") {
    struct Row {
        std::string text;
        std::string said;
    };
    const std::string node = "[node.left]\ncontrol = {}\ntensors = a:1\n";
    for (const Row& row : {
             Row{"[nodes]\nschema = carbonedge.nodes/1\n", "f: names no node"},
             Row{"[nodes]\nschema = carbonedge.nodes/2\n", "f:2: "},
             Row{"[node.left]\ncontrol = a:1\n", "f:1: missing key 'tensors' in [node.left]"},
             Row{"[node.left]\ncontrol = a:1\ntensors = a:2\nport = 3\n", "f:4: "},
             Row{"[node.a.b]\ncontrol = a:1\ntensors = a:2\n", "f:1: [node.a.b] a node's name has"},
             Row{"[cluster]\nschema = x\n", "valid: nodes, node.NAME"},
             Row{fmt::format(fmt::runtime(node), "10.0.0.7"), "f:2: control: '10.0.0.7' is no address"},
             Row{fmt::format(fmt::runtime(node), "10.0.0.7:0"), "is no address"},
             Row{fmt::format(fmt::runtime(node), "10.0.0.7:65536"), "is no address"},
             Row{fmt::format(fmt::runtime(node), "10.0.0.7:07001"), "is no address"},
             Row{fmt::format(fmt::runtime(node), ":7001"), "is no address"},
             Row{fmt::format(fmt::runtime(node), "[]:7001"), "is no address"},
             Row{fmt::format(fmt::runtime(node), "fd00::7:7001"), "is no address"},
             Row{fmt::format(fmt::runtime(node), "tcp:a:7001"), "is no address"},
             Row{fmt::format(fmt::runtime(node), "a/b:7001"), "is no address"},
         }) {
        CAPTURE(row.text);
        const std::string said = error_text([&] { read_node_addresses(row.text, "f"); });
        CHECK(said.find(row.said) != std::string::npos);
        CHECK(said.find('\n') == std::string::npos);
    }
}

}  // namespace
}  // namespace carbonedge
