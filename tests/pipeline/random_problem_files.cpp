// Writes the profile, the nodes' own profiles and the cluster of a seeded random problem:
//   carbonedge_random_problem SEED LAYERS NODES FOLDER
#include "lib/cluster/cluster_file.h"
#include "lib/profile/profile_file.h"
#include "tests/support/random_problem.h"

#include <cstdlib>
#include <fstream>
#include <string>

int main(int argc, char** argv) {
    using namespace carbonedge;
    if (argc != 5) return 2;
    SeededRandom random(std::strtoull(argv[1], nullptr, 10));
    RandomShape shape;
    shape.layers = std::strtoull(argv[2], nullptr, 10);
    shape.nodes = std::strtoull(argv[3], nullptr, 10);
    Plan problem = random_problem(random, shape);
    const std::string folder = std::string(argv[4]) + "/";
    for (Node& node : problem.cluster.nodes) {  // few can hold the whole model, most a good part of it
        const auto whole = static_cast<double>(problem.profiles[0].load_peak_bytes.value());
        node.memory = Bytes(static_cast<std::int64_t>(whole * random.uniform(0.55, 1.05)));
    }
    const auto write = [](const std::string& path, const std::string& text) {
        return static_cast<bool>(std::ofstream(path) << text);
    };
    bool written = write(folder + "profile.csv", write_profile(problem.profiles[0]));
    for (std::size_t v = 0; v < problem.cluster.nodes.size(); ++v) {
        const int own = problem.node_profile[v];
        if (own > 0) {
            written &= write(folder + problem.cluster.nodes[v].profile,
                             write_profile(problem.profiles[static_cast<std::size_t>(own)]));
        }
    }
    written &= write(folder + "cluster.ini", write_cluster(problem.cluster));
    return written ? 0 : 1;
}
