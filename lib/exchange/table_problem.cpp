#include "lib/exchange/table_problem.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/base/utf8.h"
#include "lib/exchange/graph_profile.h"
#include "lib/formats/csv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>

namespace carbonedge {
namespace {

constexpr std::size_t kMostRows = 100'000;
constexpr double kLargestFigure = 1e15;

using Units = std::map<std::string, double>;

const Units& time_units() {
    static const Units units{{"s", 1.0}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}};
    return units;
}

const Units& size_units() {
    static const Units units{{"bytes", 1.0},  {"kB", 1e3},        {"MB", 1e6},          {"GB", 1e9},
                             {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}};
    return units;
}

const Units& units_of(const std::string& role) {
    static const Units none{{"", 1.0}};
    if (role == "time" || role == "cpu_time") return time_units();
    return role == "output" || role == "weights" ? size_units() : none;
}

std::vector<std::string> names_of(const Units& units) {
    std::vector<std::string> names;
    for (const auto& [name, factor] : units) names.push_back(name);
    return names;
}

/// A column and what its numbers are multiplied by.
struct RoleColumn {
    std::size_t column = 0;
    double factor = 1;
};

using Roles = std::map<std::string, RoleColumn>;

RoleColumn asked_for(const CsvTable& table, const std::string& role, const std::string& wanted) {
    const Units& units = units_of(role);
    const auto with_unit = [&](const std::string& header, const std::string& unit) -> RoleColumn {
        const auto found = units.find(unit);
        if (found != units.end()) return {table.column(header), found->second};
        throw UsageError(fmt::format(
            "--column {}: the unit of {} is not known, expected one of {} after a colon, such as "
            "{}={}:{}",
            role, quoted_for_message(header), fmt::join(names_of(units), ", "), role, header, units.begin()->first));
    };
    const auto has = [&](const std::string& header) { return table.has_column(header); };
    const std::size_t colon = wanted.rfind(':');
    if (!has(wanted) && colon != std::string::npos && has(wanted.substr(0, colon))) {
        return with_unit(wanted.substr(0, colon), wanted.substr(colon + 1));
    }
    if (!has(wanted)) {
        const bool named_unit = colon != std::string::npos && units.count(wanted.substr(colon + 1)) > 0;
        const std::string header = named_unit ? wanted.substr(0, colon) : wanted;
        throw UsageError(
            fmt::format("--column {}: {}", role, unknown_name_message("column", header, table.header().fields)));
    }
    if (units.count("") > 0) return {table.column(wanted), 1.0};
    const std::size_t line = wanted.rfind('_');
    return with_unit(wanted, line == std::string::npos ? "" : wanted.substr(line + 1));
}

std::optional<RoleColumn> by_its_name(const CsvTable& table, const std::string& role) {
    for (const auto& [unit, factor] : units_of(role)) {
        const std::string header = unit.empty() ? role : role + "_" + unit;
        if (table.has_column(header)) return RoleColumn{table.column(header), factor};
    }
    return std::nullopt;
}

Roles roles_of(const CsvTable& table, const TableRequest& request) {
    Roles roles;
    for (const auto& [role, header] : request.columns) {
        const std::vector<std::string>& known = table_roles();
        if (std::find(known.begin(), known.end(), role) == known.end()) {
            throw UsageError("--column: " + unknown_name_message("role", role, known));
        }
        roles[role] = asked_for(table, role, header);
    }
    for (const std::string& role : table_roles()) {
        if (roles.count(role) > 0) continue;
        if (const auto column = by_its_name(table, role)) roles[role] = *column;
    }
    if (roles.count("time") == 0) {
        throw InputError(table.file(), table.header().line,
                         "no column holds times: name one time_ms (or _s, _us, _ns), or say which it is with --column "
                         "time=HEADER:UNIT");
    }
    return roles;
}

/// Reads the rows one by one, each after those that it reads.
class RowReader {
public:
    RowReader(const CsvTable& table, Roles roles) : table_(table), roles_(std::move(roles)) {}

    GraphRow read(const CsvRow& line) {
        const std::size_t number = count_++;
        GraphRow row;
        row.name = text(line, "name", fmt::format("row{}", number));
        row.type = text(line, "type", "layer");
        row.seconds = figure(line, "time").value_or(0.0);
        row.cpu_seconds = figure(line, "cpu_time").value_or(row.seconds);
        row.output_bytes = figure(line, "output").value_or(0.0);
        row.weight_bytes = figure(line, "weights").value_or(0.0);
        row.parameters = figure(line, "parameters").value_or(row.weight_bytes / 4);
        if (roles_.count("inputs") == 0) {
            if (number == 0) row.network_inputs = {0};
            if (number > 0) row.producers = {number - 1};
        } else {
            read_inputs(line, row);
        }
        if (!index_.emplace(row.name, number).second) {
            refuse(line, fmt::format("the row {} is there twice", quoted_for_message(row.name)));
        }
        return row;
    }

private:
    [[noreturn]] void refuse(const CsvRow& line, const std::string& problem) const {
        throw InputError(table_.file(), line.line, problem);
    }

    std::string text(const CsvRow& line, const std::string& role, const std::string& otherwise) const {
        const auto found = roles_.find(role);
        if (found == roles_.end()) return otherwise;
        const std::string& field = line.fields[found->second.column];
        if (field.empty()) table_.refuse(line, found->second.column, "a " + role);
        return field;
    }

    std::optional<double> figure(const CsvRow& line, const std::string& role) const {
        const auto found = roles_.find(role);
        if (found == roles_.end()) return std::nullopt;
        return table_.number(line, found->second.column, 0, kLargestFigure) * found->second.factor;
    }

    void read_inputs(const CsvRow& line, GraphRow& row) const {
        std::string_view rest = line.fields[roles_.at("inputs").column];
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find(' '), rest.size());
            const std::string name(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
            if (name.empty()) continue;
            const auto found = index_.find(name);
            if (found != index_.end()) {
                row.producers.push_back(found->second);
            } else if (name == "input") {
                row.network_inputs = {0};
            } else {
                refuse(line,
                       fmt::format("reads {}, expected the names of rows above, or input", quoted_for_message(name)));
            }
        }
        std::sort(row.producers.begin(), row.producers.end());
        row.producers.erase(std::unique(row.producers.begin(), row.producers.end()), row.producers.end());
        if (row.producers.empty()) row.network_inputs = {0};
    }

    const CsvTable& table_;
    Roles roles_;
    std::size_t count_ = 0;
    std::map<std::string, std::size_t> index_;
};

}  // namespace

const std::vector<std::string>& table_roles() {
    static const std::vector<std::string> roles{"time",       "cpu_time", "output", "weights",
                                                "parameters", "name",     "type",   "inputs"};
    return roles;
}

ForeignProblem read_table_problem(const NamedText& text, const TableRequest& request, const AssumedPower& power) {
    const CsvTable table = read_csv(text.text, text.file);
    const Roles roles = roles_of(table, request);
    if (table.rows().empty()) throw InputError(text.file, table.header().line, "there is no row below the header");
    if (table.rows().size() > kMostRows) {
        throw InputError(text.file, table.rows()[kMostRows].line,
                         fmt::format("there are more than {} rows", kMostRows));
    }
    RowReader reader(table, roles);
    std::vector<GraphRow> rows;
    for (const CsvRow& line : table.rows()) rows.push_back(reader.read(line));

    ForeignProblem problem;
    try {
        problem.profiles.push_back(
            graph_profile(rows, {static_cast<double>(request.input_bytes.value())}, "table", "unknown"));
    } catch (const std::invalid_argument& wrong) {
        throw InputError(text.file, 0, wrong.what());
    }
    problem.profile_names.emplace_back("table");
    problem.cluster = identical_nodes(request.machines, power);
    problem.node_profile.assign(problem.cluster.nodes.size(), 0);
    for (const char* role : {"output", "weights"}) {
        if (roles.count(role) == 0) problem.remarks.push_back(fmt::format("no column of {}: taken as 0 bytes", role));
    }
    if (request.input_bytes.value() == 0) problem.remarks.emplace_back("the network's input is taken as 0 bytes");
    return problem;
}

}  // namespace carbonedge
