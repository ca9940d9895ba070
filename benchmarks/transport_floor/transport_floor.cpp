// Prints, as CSV, the one-way time of messages between two processes: the library's streams beside what they cannot
// beat, all taking turns within one run. benchmarks/transport_table makes a table of it and holds the bars.
#include "benchmarks/transport_floor/contender.h"
#include "lib/runtime/private_directory.h"
#include "lib/transport/certificate_files.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>

namespace carbonedge {
namespace {

constexpr std::size_t kFewest = 5;
constexpr std::size_t kMost = 3000;

struct Named {
    const char* name;
    ContenderPointer contender;
};

StreamOptions certificates(const std::string& folder) {
    CertificateRequest request;
    request.cluster = "floor";
    request.subjects = {{"floor", {"127.0.0.1"}}};
    write_certificates(folder, request, std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
    StreamOptions options;
    options.tls = tls_files(folder, "floor");
    return options;
}

double middle(std::vector<double>& times) {
    std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
    return times[times.size() / 2];
}

void run(int rounds, double milliseconds) {
    const PrivateDirectory folder(std::filesystem::temp_directory_path().string());
    const StreamOptions options = certificates(folder.path() + "/tls");
    std::vector<Named> contenders;
    // Children first, threads (gRPC's) last.
    contenders.push_back({"raw_unix", make_raw_unix()});
    contenders.push_back({"unix", make_stream("unix:" + folder.path() + "/u", options)});
    contenders.push_back({"raw_tcp", make_raw_tcp()});
    contenders.push_back({"tcp", make_stream("tcp:127.0.0.1:0", options)});
    contenders.push_back({"raw_tls", make_raw_tls(*options.tls)});
    contenders.push_back({"tls", make_stream("tls:127.0.0.1:0", options)});
    contenders.push_back({"raw_shm", make_raw_shm()});
    contenders.push_back({"shm", make_stream("shm:" + folder.path() + "/s", options)});
#ifndef CARBONEDGE_WITHOUT_UCX
    contenders.push_back({"ucx", make_stream("ucx:127.0.0.1:0", options)});
#endif
    contenders.push_back({"grpc_echo", make_bare_grpc(folder.path())});
    contenders.push_back({"grpc_infer", make_infer_grpc(folder.path())});
    for (int round = 0; round < rounds; ++round) {
        for (const std::size_t bytes : {64UL, 4'096UL, 65'536UL, 262'144UL, 802'816UL, 3'211'264UL, 12'845'056UL}) {
            for (Named& named : contenders) {
                std::vector<double> few = named.contender->one_way_ns(bytes, kFewest);
                const double room = std::ceil(milliseconds * 1e6 / (2 * middle(few)));
                const auto count = static_cast<std::size_t>(std::clamp(room, double{kFewest}, double{kMost}));
                std::vector<double> times = named.contender->one_way_ns(bytes, count);
                const double least = *std::min_element(times.begin(), times.end());
                fmt::print("{},{},{},{},{:.0f},{:.0f}\n", round, named.name, bytes, count, middle(times), least);
            }
            std::fflush(stdout);
        }
    }
}

}  // namespace
}  // namespace carbonedge

int main(int argc, char** argv) {
    try {
        carbonedge::run(argc > 1 ? std::atoi(argv[1]) : 5, argc > 2 ? std::atof(argv[2]) : 20);
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "transport_floor: error: {}\n", error.what());
        return 4;
    }
}
