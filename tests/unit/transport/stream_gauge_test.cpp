#include "lib/transport/stream_gauge.h"

#include "lib/base/errors.h"
#include "lib/transport/line_fit.h"
#include "lib/transport/tcp_socket.h"
#include "tests/support/skip.h"
#include "tests/unit/transport/stream_pair.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <algorithm>
#include <filesystem>

namespace carbonedge {
namespace {

std::ptrdiff_t threads_here() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

TEST_CASE("a gauge measures every kind of stream to a process of its own") {
    for (const std::string& kind : stream_kinds()) {
        CAPTURE(kind);
        TestAuthority authority;
        StreamOptions options;
        options.tls = authority.issue("IP:127.0.0.1");
        const TemporaryFolder folder;
        if (kind == "ucx" && threads_here() > 1) {
            skip_test("UCX runs already in this process, which cannot be forked any more; ctest runs each test alone");
            return;
        }
        const bool in_folder = kind == "unix" || kind == "shm";
        const GaugePeer peer(kind + ":" + (in_folder ? folder.file("s") : "127.0.0.1:0"), options);
        const auto stream = connect_frames(peer.address(), "peer", options);
        StreamGauge gauge(*stream);
        std::vector<double> small = gauge.one_way_ns(64, 50);
        std::vector<double> large = gauge.one_way_ns(3'000'000, 10);
        REQUIRE(small.size() == 50);
        const auto least = [](std::vector<double>& times) { return *std::min_element(times.begin(), times.end()); };
        CHECK(least(small) > 0);
        CHECK(least(large) > least(small));
        const StreamGauge::Cpu little = gauge.cpu(64, 50);
        const StreamGauge::Cpu much = gauge.cpu(3'000'000, 20);
        CHECK(little.sender_ns > 0);
        CHECK(little.receiver_ns > 0);
        CHECK(much.sender_ns > little.sender_ns);
    }
}

TEST_CASE("who answers gauges outlasts peers that are none and serves the next") {
    std::vector<std::string> said;
    const auto listener = listen_for_frames("tcp:127.0.0.1:0", {});
    std::jthread answering([&] { answer_gauges(*listener, [&](const std::string& line) { said.push_back(line); }); });
    {
        const HostPort where = parse_host_port(listener->address().substr(4));
        const Descriptor stranger = connect_tcp_socket(where, Reach::kLoopback, "listener", {});
        const std::string junk = "GET / HTTP/1.1\r\n\r\n";
        REQUIRE(::send(stranger.number(), junk.data(), junk.size(), 0) == static_cast<ssize_t>(junk.size()));
    }
    for (int turn = 0; turn < 2; ++turn) {
        const auto stream = connect_frames(listener->address(), "peer", {});
        CHECK(StreamGauge(*stream).one_way_ns(64, 5).size() == 5);
    }
    listener->shut_down();
    answering.join();
    CHECK(said == std::vector<std::string>{"127.0.0.1: what came is not a carbonedge frame"});
}

TEST_CASE("a gauge's other end that cannot listen says why") {
    const TemporaryFolder folder;
    CHECK_THROWS_WITH_AS(GaugePeer("unix:" + folder.file("absent/s"), {}),
                         ("cannot listen at " + folder.file("absent/s") +
                          ": No such file or directory; choose another directory; try again")
                             .c_str(),
                         EnvironmentError);
}

}  // namespace
}  // namespace carbonedge
