#include "lib/exchange/pipedream_graph.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/base/utf8.h"
#include "lib/exchange/graph_profile.h"
#include "lib/formats/text_checks.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string_view>

namespace carbonedge {
namespace {

constexpr std::size_t kMostNodes = 100'000;
constexpr double kLargestFigure = 1e15;
constexpr std::string_view kSeparator = " -- ";
constexpr std::string_view kFirstFigure = " -- forward_compute_time=";

struct GraphNode {
    long line = 0;
    std::int64_t number = 0;
    std::string id;
    std::string description;
    double milliseconds = 0;
    double activation_bytes = 0;
    double parameter_bytes = 0;

    [[nodiscard]] bool is_input() const { return description.starts_with("Input"); }
};

/// A text line by line, with what every refusal needs.
class GraphReader {
public:
    GraphReader(const NamedText& graph, const PipeDreamRequest& request) : file_(graph.file), request_(request) {
        check_text(graph.text, file_);
        std::string_view rest = graph.text;
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find('\n'), rest.size());
            ++line_;
            std::string_view line = rest.substr(0, end);
            if (line.ends_with('\r')) line.remove_suffix(1);
            if (line.starts_with('\t')) {
                edges_.emplace_back(line_, line.substr(1));
            } else if (!line.empty()) {
                add_node(line);
            }
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        if (nodes_.empty()) refuse("there is no node, expected lines such as 'node1 -- Conv2d(...) -- forward_...'");
        for (const auto& [line, text] : edges_) add_edge(line, text);
    }

    [[nodiscard]] const std::vector<GraphNode>& nodes() const { return nodes_; }
    /// By node: the nodes that it reads, each once.
    [[nodiscard]] const std::vector<std::set<std::size_t>>& producers() const { return producers_; }

    [[noreturn]] void refuse_at(long line, const std::string& problem) const { throw InputError(file_, line, problem); }

private:
    [[noreturn]] void refuse(const std::string& problem) const { refuse_at(line_, problem); }

    void add_node(std::string_view line) {
        const std::size_t head = line.find(kSeparator);
        const std::size_t tail = line.rfind(kFirstFigure);
        if (head == std::string_view::npos || tail == std::string_view::npos || tail < head) {
            refuse("expected 'nodeN -- description -- forward_compute_time=..., ...' or an edge after a tab");
        }
        GraphNode node;
        node.line = line_;
        node.id = line.substr(0, head);
        node.number = number_of(node.id);
        if (tail > head) node.description = line.substr(head + kSeparator.size(), tail - head - kSeparator.size());
        read_figures(line.substr(tail + kSeparator.size()), node);
        if (nodes_.size() == kMostNodes) refuse(fmt::format("there are more than {} nodes", kMostNodes));
        if (!index_.emplace(node.id, nodes_.size()).second) {
            refuse(fmt::format("{} is there twice", quoted_for_message(node.id)));
        }
        nodes_.push_back(std::move(node));
        producers_.emplace_back();
    }

    std::int64_t number_of(const std::string& id) const {
        std::int64_t number = 0;
        const char* const end = id.data() + id.size();
        const bool named = id.starts_with("node") && id.size() > 4;
        if (!named || std::from_chars(id.data() + 4, end, number).ptr != end || number < 0) {
            refuse(fmt::format("{} is no name of a node, expected one such as node7", quoted_for_message(id)));
        }
        return number;
    }

    void read_figures(std::string_view text, GraphNode& node) const {
        text = text.substr(0, text.find(kSeparator));  // what follows is a stage of a graph that was divided before
        std::map<std::string, double> figures;
        while (!text.empty()) {
            const std::size_t end = std::min(text.find(", "), text.size());
            const std::string_view pair = text.substr(0, end);
            const std::size_t equals = pair.find('=');
            if (equals == std::string_view::npos) {
                refuse(fmt::format("{} is not of the form name=number", quoted_for_message(pair)));
            }
            const std::string name(pair.substr(0, equals));
            if (!figures.emplace(name, figure(name, pair.substr(equals + 1))).second) {
                refuse(fmt::format("{} is there twice", quoted_for_message(name)));
            }
            text.remove_prefix(std::min(end + 2, text.size()));
        }
        static const std::vector<std::string> kNames{"forward_compute_time", "backward_compute_time", "activation_size",
                                                     "parameter_size"};
        for (const std::string& name : kNames) {
            if (figures.count(name) == 0) refuse(name + " is missing");
        }
        for (const auto& [name, value] : figures) {
            if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) {
                refuse(unknown_name_message("figure", name, kNames));
            }
        }
        const double backward = request_.both_passes ? figures["backward_compute_time"] : 0.0;
        node.milliseconds = figures["forward_compute_time"] + backward;
        node.activation_bytes = figures["activation_size"];
        node.parameter_bytes = figures["parameter_size"];
    }

    /// A number, or several in brackets that are added up.
    double figure(const std::string& name, std::string_view text) const {
        if (!text.starts_with('[')) return single_figure(name, text);
        if (!text.ends_with(']')) refuse(name + ": the list has no closing bracket");
        text = text.substr(1, text.size() - 2);
        double sum = 0;
        while (!text.empty()) {
            const std::size_t end = std::min(text.find("; "), text.size());
            sum += single_figure(name, text.substr(0, end));
            text.remove_prefix(std::min(end + 2, text.size()));
        }
        return sum;
    }

    double single_figure(const std::string& name, std::string_view text) const {
        double value = 0;
        const char* const end = text.data() + text.size();
        const auto [last, problem] = std::from_chars(text.data(), end, value);
        if (problem != std::errc() || last != end || !(value >= 0 && value <= kLargestFigure)) {
            refuse(fmt::format("{} is {}, expected a number from 0 to {:g}", name, quoted_for_message(text),
                               kLargestFigure));
        }
        return value;
    }

    void add_edge(long line, std::string_view text) {
        line_ = line;
        const std::size_t middle = text.find(kSeparator);
        if (middle == std::string_view::npos) refuse("expected an edge such as 'node1 -- node2'");
        const std::size_t from = node_at(text.substr(0, middle));
        const std::size_t to = node_at(text.substr(middle + kSeparator.size()));
        if (from == to) refuse(nodes_[from].id + " cannot read itself");
        if (nodes_[to].is_input()) refuse(nodes_[to].id + " is an input of the network and cannot read anything");
        producers_[to].insert(from);
    }

    std::size_t node_at(std::string_view id) const {
        const auto found = index_.find(std::string(id));
        if (found == index_.end()) refuse(fmt::format("the edge names {}, which is no node", quoted_for_message(id)));
        return found->second;
    }

    std::string file_;
    const PipeDreamRequest& request_;
    long line_ = 0;
    std::vector<GraphNode> nodes_;
    std::map<std::string, std::size_t> index_;
    std::vector<std::pair<long, std::string_view>> edges_;
    std::vector<std::set<std::size_t>> producers_;
};

/// Positions of the nodes in the order in which they execute.
std::vector<std::size_t> execution_order(const GraphReader& graph) {
    std::vector<std::size_t> by_number;
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) by_number.push_back(n);
    std::sort(by_number.begin(), by_number.end(), [&](std::size_t left, std::size_t right) {
        const GraphNode& first = graph.nodes()[left];
        const GraphNode& second = graph.nodes()[right];
        return first.number != second.number ? first.number < second.number : left < right;
    });
    std::vector<std::size_t> rank(by_number.size());
    for (std::size_t r = 0; r < by_number.size(); ++r) rank[by_number[r]] = r;
    std::vector<std::vector<std::size_t>> producers(by_number.size());
    for (std::size_t r = 0; r < by_number.size(); ++r) {
        for (const std::size_t producer : graph.producers()[by_number[r]]) producers[r].push_back(rank[producer]);
    }
    std::vector<std::size_t> order = topological_order(producers);
    if (order.size() < by_number.size()) {
        std::vector<bool> placed(by_number.size(), false);
        for (const std::size_t r : order) placed[r] = true;
        const auto left = static_cast<std::size_t>(std::find(placed.begin(), placed.end(), false) - placed.begin());
        const GraphNode& node = graph.nodes()[by_number[left]];
        graph.refuse_at(node.line, node.id + " is on a circle of edges, or behind one");
    }
    for (std::size_t& r : order) r = by_number[r];
    return order;
}

std::string type_of(const std::string& description) { return description.substr(0, description.find('(')); }

std::string stem_of(const std::string& file) {
    const std::size_t slash = file.rfind('/');
    const std::string name = slash == std::string::npos ? file : file.substr(slash + 1);
    const std::size_t dot = name.rfind('.');
    return dot == 0 || dot == std::string::npos ? name : name.substr(0, dot);
}

}  // namespace

ForeignProblem read_pipedream_graph(const NamedText& graph, const PipeDreamRequest& request,
                                    const AssumedPower& power) {
    const GraphReader reader(graph, request);
    const auto batch = static_cast<double>(request.batch);
    std::vector<GraphRow> rows;
    std::vector<double> input_bytes;
    std::map<std::size_t, std::size_t> input_of;  // node -> position among the inputs
    std::map<std::size_t, std::size_t> row_of;
    for (const std::size_t n : execution_order(reader)) {
        const GraphNode& node = reader.nodes()[n];
        if (node.is_input()) {
            input_of[n] = input_bytes.size();
            input_bytes.push_back(node.activation_bytes / batch);
            continue;
        }
        GraphRow row;
        row.name = node.id;
        row.type = type_of(node.description);
        row.seconds = row.cpu_seconds = node.milliseconds / 1000 / batch;
        row.weight_bytes = node.parameter_bytes;
        row.output_bytes = node.activation_bytes / batch;
        row.parameters = node.parameter_bytes / 4;
        for (const std::size_t producer : reader.producers()[n]) {
            if (reader.nodes()[producer].is_input()) {
                row.network_inputs.push_back(input_of.at(producer));
            } else {
                row.producers.push_back(row_of.at(producer));
            }
        }
        std::sort(row.producers.begin(), row.producers.end());
        std::sort(row.network_inputs.begin(), row.network_inputs.end());
        row_of[n] = rows.size();
        rows.push_back(std::move(row));
    }
    if (rows.empty()) throw InputError(graph.file, 0, "there are only inputs, no node that computes");

    ForeignProblem problem;
    const std::string model = stem_of(graph.file);
    try {
        problem.profiles.push_back(graph_profile(rows, input_bytes, model, "a GPU of PipeDream's authors"));
    } catch (const std::invalid_argument& wrong) {
        throw InputError(graph.file, 0, wrong.what());
    }
    problem.profile_names.push_back(model);
    problem.cluster = identical_nodes(request.machines, power);
    problem.node_profile.assign(problem.cluster.nodes.size(), 0);
    problem.remarks.push_back(
        fmt::format("{} passes of {}; nodes, memory and bandwidth are those asked for",
                    request.both_passes ? "forward and backward" : "forward",
                    request.batch == 1 ? "what was measured at once" : fmt::format("one sample in {}", request.batch)));
    return problem;
}

}  // namespace carbonedge
