#include "lib/report/front_file.h"

#include "lib/base/errors.h"
#include "lib/formats/csv.h"

#include <fmt/format.h>

namespace carbonedge {
namespace {

constexpr std::size_t kMostRows = 100'000;
constexpr std::int64_t kLongest = 1'000'000'000'000'000;  // 11 days, in nanoseconds
constexpr double kHeaviest = 1e12;                        // grams

}  // namespace

std::vector<FrontPlan> read_front(std::string_view text, const std::string& file) {
    const CsvTable table = read_csv(text, file);
    if (table.rows().size() > kMostRows) {
        throw InputError(file, table.rows()[kMostRows].line, fmt::format("a front has at most {} points", kMostRows));
    }
    const std::size_t latency = table.column("latency_ns");
    const std::size_t carbon = table.column("carbon_gco2e");
    const bool placed = table.has_column("placement");
    const std::size_t placement = placed ? table.column("placement") : 0;
    std::vector<FrontPlan> plans;
    for (const CsvRow& row : table.rows()) {
        FrontPlan plan;
        plan.latency = Nanoseconds(table.integer(row, latency, 0, kLongest));
        plan.carbon = GramsCo2e(table.number(row, carbon, 0, kHeaviest));
        if (placed) plan.placement = row.fields[placement];
        plans.push_back(std::move(plan));
    }
    return plans;
}

}  // namespace carbonedge
