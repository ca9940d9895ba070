#include "lib/carbon/mixtures.h"

#include <doctest/doctest.h>
#include <functional>

namespace carbonedge {
namespace {

LedgerEntry line(LedgerKind kind, const std::string& place, double joules) {
    const EnergyReading energy{Joules(joules), Joules(0), Provenance::kEstimated, "model:cpu-seconds", "core-dynamic"};
    LedgerEntry entry = operational_entry(kind, place, "DE", energy, CarbonIntensity(400));
    entry.signal = "average";
    entry.scope = "lifecycle";
    return entry;
}

Ledger ledger(const std::string& name) {
    return {name, IdlePolicy::kNone, {line(LedgerKind::kCompute, "node-of-" + name, 2)}};
}

}  // namespace

TEST_CASE("like ledgers are not mixed, whatever their amounts and places") {
    Ledger second = ledger("b");
    second.entries[0].energy.joules = Joules(9);
    second.entries[0].intensity = CarbonIntensity(10);
    CHECK(find_mixtures(std::vector<Ledger>{ledger("a"), second}).empty());
    CHECK(find_mixtures(std::vector<Ledger>{}).empty());
}

TEST_CASE("each aspect that differs is found by its name") {
    struct Row {
        std::string aspect;
        std::function<void(Ledger&)> change;
        std::string text;
    };
    const std::vector<Row> rows{
        {"provenance", [](Ledger& l) { l.entries[0].energy.provenance = Provenance::kMeasured; },
         "provenance: estimated (a) and measured (b)"},
        {"source", [](Ledger& l) { l.entries[0].energy.source = "rapl"; },
         "source: model:cpu-seconds (a) and rapl (b)"},
        {"boundary", [](Ledger& l) { l.entries[0].energy.boundary = "package"; },
         "boundary: core-dynamic (a) and package (b)"},
        {"signal", [](Ledger& l) { l.entries[0].signal = "marginal"; }, "signal: average (a) and marginal (b)"},
        {"scope", [](Ledger& l) { l.entries[0].scope = "direct"; }, "scope: direct (b) and lifecycle (a)"},
        {"idle", [](Ledger& l) { l.idle_policy = IdlePolicy::kFull; }, "idle: full (b) and none (a)"},
        {"embodied",
         [](Ledger& l) {
             LedgerEntry share;
             share.kind = LedgerKind::kEmbodied;
             share.place = l.entries[0].place;
             share.grams = GramsCo2e(1);
             l.entries.push_back(share);
         },
         "embodied: counted (b) and not counted (a)"},
    };
    for (const Row& row : rows) {
        Ledger changed = ledger("b");
        row.change(changed);
        const auto mixtures = find_mixtures(std::vector<Ledger>{ledger("a"), changed});
        CAPTURE(row.aspect);
        REQUIRE(mixtures.size() == 1);
        CHECK(mixtures[0].aspect == row.aspect);
        CHECK(mixture_text(mixtures[0]) == row.text);
    }
}

TEST_CASE("one ledger can be mixed in itself, and lines without joules decide nothing") {
    Ledger one = ledger("a");
    one.entries.push_back(line(LedgerKind::kTransport, "node-of-a", 0));
    one.entries[1].energy.provenance = Provenance::kMeasured;
    CHECK(find_mixtures(std::vector<Ledger>{one}).empty());
    one.entries[1].energy.joules = Joules(1);
    const auto mixtures = find_mixtures(std::vector<Ledger>{one});
    REQUIRE(mixtures.size() == 1);
    CHECK(mixtures[0].values == std::vector<std::string>{"estimated (a)", "measured (a)"});
}

TEST_CASE("the cost per byte of a link is not taken for another meter") {
    Ledger one = ledger("a");
    one.entries.push_back(line(LedgerKind::kLink, "a>b", 1));
    one.entries[1].energy.source = "link:joules-per-byte";
    one.entries[1].energy.boundary = "link";
    CHECK(find_mixtures(std::vector<Ledger>{one}).empty());
}

}  // namespace carbonedge
