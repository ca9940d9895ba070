// docs/formats.md and the files themselves: each key and column that is written is on the page, each example is read.
#include "lib/base/atomic_file.h"
#include "lib/cluster/cluster_file.h"
#include "lib/cluster/cluster_json_file.h"
#include "lib/formats/json.h"
#include "lib/partition/plan_file.h"
#include "lib/profile/profile_columns.h"
#include "lib/profile/profile_file.h"
#include "tests/support/random_plan.h"
#include "tests/support/random_profile.h"
#include "tests/support/shared_inputs.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

namespace carbonedge {
namespace {

std::string formats_page() {
    std::istringstream no_input;
    return read_input(source_file("docs/formats.md").string(), no_input);
}

/// Keys of all objects except those whose keys are free, and of embedded clusters, which the page gives in INI.
void collect_keys(const nlohmann::ordered_json& json, std::set<std::string>& keys) {
    if (json.is_array()) {
        for (const auto& element : json) collect_keys(element, keys);
    }
    if (!json.is_object()) return;
    for (const auto& [key, value] : json.items()) {
        keys.insert(key);
        if (key != "counters" && key != "environment" && key != "cluster") collect_keys(value, keys);
    }
}

bool stands_in(const std::string& page, const std::string& word) {
    return page.find('`' + word + '`') != std::string::npos || page.find('"' + word + '"') != std::string::npos;
}

}  // namespace

TEST_CASE("every column of a profile and every key of a plan stands on the page of formats") {
    const std::string page = formats_page();
    for (const std::string_view column : kProfileColumns) {
        CAPTURE(column);
        CHECK(stands_in(page, std::string(column)));
    }
    SeededRandom random(23);
    std::set<std::string> keys;
    for (int round = 0; round < 40; ++round) {
        const std::string plan = write_plan(random_plan(random, 2, 2));
        collect_keys(read_json(plan, "f.json").root().value(), keys);
        std::istringstream lines(write_profile(random_profile(random, 1)));
        for (std::string line; std::getline(lines, line) && line.starts_with("# ");) {
            keys.insert(line.substr(2, line.find(':') - 2));
        }
    }
    CHECK(keys.size() > 70);
    for (const std::string& key : keys) {
        CAPTURE(key);
        CHECK(stands_in(page, key));
    }
}

TEST_CASE("the cluster on the page of formats is one") {
    const std::string page = formats_page();
    const std::string fence = "```ini\n";
    const auto begin = page.find(fence) + fence.size();
    const std::string example = page.substr(begin, page.find("```", begin) - begin);
    const Cluster cluster = read_cluster(example, "docs/formats.md");
    CHECK(cluster.nodes.size() == 1);
    CHECK(read_cluster(write_cluster(cluster), "written") == cluster);
}

}  // namespace carbonedge
