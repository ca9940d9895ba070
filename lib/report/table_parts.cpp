#include "lib/report/table_parts.h"

#include <string>

namespace carbonedge {
namespace {

constexpr std::size_t kMostColumns = 10;

}  // namespace

std::vector<std::vector<std::size_t>> table_parts(const Table& table) {
    if (table.columns.empty()) return {};
    std::vector<std::vector<std::size_t>> parts{{0}};
    for (std::size_t i = 1; i < table.columns.size();) {
        std::size_t end = i + 1;
        const std::string& group = table.columns[i].group;
        while (end < table.columns.size() && !group.empty() && table.columns[end].group == group) ++end;
        if (parts.back().size() > 1 && parts.back().size() + (end - i) > kMostColumns) parts.push_back({0});
        for (; i < end; ++i) parts.back().push_back(i);
    }
    return parts;
}

}  // namespace carbonedge
