#include "lib/report/impact_framework.h"

#include "lib/formats/yaml.h"
#include "lib/report/ledgers.h"
#include "tests/support/error_text.h"
#include "tests/unit/report/sample_subjects.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

/// What the framework's multiply, sum and divide plugins come to, added up over the components.
struct Totals {
    double energy = 0;
    double carbon = 0;
    double score = 0;
};

void add_components(const Json& tree, Totals& totals) {
    for (const auto& child : tree["children"]) {
        if (child.contains("children")) {
            add_components(child, totals);
            continue;
        }
        CHECK(child["pipeline"]["compute"] == Json::array({"carbon-operational", "carbon", "sci"}));
        for (const Json& input : child["inputs"]) {
            const double energy = input["energy"].get<double>();
            const double carbon =
                energy * input["grid/carbon-intensity"].get<double>() + input["carbon-embodied"].get<double>();
            totals.energy += energy;
            totals.carbon += carbon;
            totals.score += carbon / input["inferences"].get<double>();
        }
    }
}

Json manifest_of(const Subject& subject) {
    const std::string text = as_impact_framework(subject);
    return read_yaml(text, "m.yml").root().value();
}

}  // namespace

TEST_CASE("a manifest for the Impact Framework comes to the grams of the ledger") {
    Plan plan = two_stage_plan("two");
    for (Node& node : plan.cluster.nodes) {
        node.embodied = GramsCo2e(1000);
        node.lifetime = Seconds(1e8);
    }
    for (const bool is_run : {false, true}) {
        CAPTURE(is_run);
        const Subject subject = is_run ? run_of(plan, 20) : only_planned(plan);
        const Ledger ledger = is_run ? *recorded_ledger(*subject.run, subject.plan, subject.name)
                                     : predicted_ledger(subject.plan, subject.name);
        const Json manifest = manifest_of(subject);
        CHECK(manifest["name"] == "two");
        Totals totals;
        add_components(manifest["tree"], totals);
        const double inferences = is_run ? 20 : 1;
        CHECK(totals.energy * 3.6e6 == doctest::Approx(total_joules(ledger).value() * inferences));
        CHECK(totals.carbon == doctest::Approx(total_grams(ledger).value() * inferences));
        CHECK(totals.score == doctest::Approx(total_grams(ledger).value()));
        for (const char* plugin : {"carbon-operational", "carbon", "sci"}) {
            CHECK(manifest["initialize"]["plugins"][plugin]["path"] == "builtin");
        }
    }
}

TEST_CASE("a run without a ledger has no manifest") {
    Subject subject = run_of(single_node_plan("mono", "medium"), 3);
    subject.run->nodes.clear();
    CHECK(error_text([&] { (void)as_impact_framework(subject); }) ==
          "--format impact-framework: mono recorded no energy of an inference");
}

}  // namespace carbonedge
