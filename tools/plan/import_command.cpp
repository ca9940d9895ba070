#include "tools/plan/import_command.h"

#include "lib/base/atomic_file.h"
#include "lib/cluster/cluster_file.h"
#include "lib/profile/profile_file.h"

#include <fmt/format.h>
#include <filesystem>
#include <set>

namespace carbonedge {
namespace {

NamedText read_named(const std::string& path, std::istream& in) {
    return {read_input(path, in), path == "-" ? "standard input" : path};
}

ForeignProblem read_foreign(const ImportOptions& options, std::istream& in) {
    if (options.from == "pipedream") {
        PipeDreamRequest request = options.pipedream;
        request.machines = options.machines;
        return read_pipedream_graph(read_named(options.file, in), request, options.power);
    }
    if (options.from == "csv") {
        TableRequest request = options.table;
        request.machines = options.machines;
        return read_table_problem(read_named(options.file, in), request, options.power);
    }
    return read_pipeedge_problem(read_named(options.models, in), read_named(options.device_types, in),
                                 read_named(options.devices, in), options.pipeedge, options.power);
}

/// File names, all different, of letters, digits, '.', '-' and '_'.
std::vector<std::string> profile_files(const std::vector<std::string>& names) {
    std::vector<std::string> files;
    std::set<std::string> taken;
    for (const std::string& name : names) {
        std::string file;
        for (const char c : name) {
            const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            file += plain || c == '-' || c == '_' || (c == '.' && !file.empty()) ? c : '-';
        }
        const std::string stem = file;
        for (int number = 2; !taken.insert(file).second; ++number) file = fmt::format("{}-{}", stem, number);
        files.push_back(file + ".profile.csv");
    }
    return files;
}

void make_folder(const std::string& folder) {
    std::error_code problem;
    std::filesystem::create_directories(folder, problem);
    if (problem) {
        throw EnvironmentError(fmt::format("cannot make the folder {}: {}", folder, problem.message()),
                               "check its parent and its permissions");
    }
}

}  // namespace

ExitStatus import_command(const ImportOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    ForeignProblem problem = read_foreign(options, in);
    const std::vector<std::string> files = profile_files(problem.profile_names);
    for (std::size_t v = 0; v < problem.cluster.nodes.size(); ++v) {
        problem.cluster.nodes[v].profile = files[static_cast<std::size_t>(problem.node_profile[v])];
    }
    const std::filesystem::path folder = options.standard.output;
    std::vector<std::pair<std::string, std::string>> written;
    for (std::size_t p = 0; p < files.size(); ++p) {
        written.emplace_back((folder / files[p]).string(), write_profile(problem.profiles[p]));
    }
    const std::string cluster = (folder / "cluster.ini").string();
    written.emplace_back(cluster, write_cluster(problem.cluster));
    make_folder(folder.string());
    for (const auto& [path, text] : written) check_output(path, options.standard.overwrite);
    for (const auto& [path, text] : written) write_output(path, options.standard.overwrite, text, out);
    if (options.standard.quiet) return ExitStatus::kOk;
    for (const std::string& remark : problem.remarks) err << "  note     " << remark << "\n";
    if (options.power.busy_per_core.value() <= 0 || options.power.intensity.value() <= 0) {
        err << "  note     the files say nothing of power and intensity: plans for carbon or energy need --busy-power "
               "and --intensity, or their numbers in "
            << cluster << "\n";
    }
    err << fmt::format("{} nodes, {} layers; go on with: carbonedge plan {} --cluster {} --minimize bottleneck\n",
                       problem.cluster.nodes.size(), problem.profiles.front().layers.size(), written.front().first,
                       cluster);
    return ExitStatus::kOk;
}

}  // namespace carbonedge
