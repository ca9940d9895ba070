#include "lib/base/errors.h"
#include "lib/runtime/builtin_stage.h"
#include "lib/runtime/node_server.h"
#include "lib/transport/clocks.h"
#include "lib/transport/tcp_socket.h"
#include "lib/transport/unix_socket.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_certificates.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

namespace carbonedge {
namespace {

/// Every way that frames travel between processes, by the start of its addresses.
std::vector<std::string> path_kinds() {
    std::vector<std::string> kinds{"unix", "shm", "tcp", "tls"};
#ifndef CARBONEDGE_WITHOUT_UCX
    kinds.emplace_back("ucx");
#endif
    return kinds;
}

/// A node that takes tensors on one path, and what it says.
class WatchedNode {
public:
    explicit WatchedNode(const std::string& kind) {
        const TlsFiles own = authority_.issue("DNS:node");
        std::filesystem::create_directories(folder_.path() / "tls" / "node");
        for (const auto& [from, name] :
             {std::pair{own.authority, "ca.pem"}, {own.certificate, "cert.pem"}, {own.key, "key.pem"}}) {
            std::filesystem::copy(from, folder_.path() / "tls" / "node" / name);
        }
        in_files_ = kind == "unix" || kind == "shm";
        NodeOptions options;
        options.name = "node";
        options.directory = folder_.path().string();
        options.tensors = kind + ":" + (in_files_ ? folder_.file("node.tensors") : "127.0.0.1:0");
        options.longest_message = Bytes(1 << 20);
        if (kind == "tls") options.security.tls_directory = folder_.file("tls");
        options.warn = [this](const std::string& line) {
            if (line.starts_with("the certificate of")) return;  // a test's ends soon, and that is told
            const std::lock_guard lock(mutex_);
            said_.push_back(line);
            changed_.notify_all();
        };
        node_ = std::make_unique<NodeServer>(options, loader_);
        client_.tls = authority_.issue("DNS:peer");
        client_.expected_name = "node";
    }

    std::unique_ptr<FrameStream> connect() { return connect_frames(node_->tensors_address(), "node", client_); }
    /// Without whatever is said at the start of a connection.
    Descriptor connect_raw() {
        if (in_files_) return connect_unix_socket(folder_.file("node.tensors"), "node");
        return connect_tcp_socket(parse_host_port(node_->tensors_address().substr(4)), Reach::kLoopback, "node", {});
    }

    std::vector<std::string> await_said(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(10), [&] { return said_.size() >= count; });
        return said_;
    }

    /// A peer that means well: the node reads its frame, which is for a pipeline that nobody has opened.
    void require_service(std::size_t said_before) {
        const auto stream = connect();
        stream->send(FrameHead{}, {});
        const std::vector<std::string> said = await_said(said_before + 1);
        REQUIRE(said.size() == said_before + 1);
        CHECK(said.back() == "node 'node' has no stage of pipeline 0");
    }

private:
    TemporaryFolder folder_;
    TestAuthority authority_;
    bool in_files_ = false;
    BuiltinLoader loader_;
    StreamOptions client_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> said_;
    std::unique_ptr<NodeServer> node_;
};

/// Whether the peer has closed; what it says before is read.
bool awaits_end(const Descriptor& socket) {
    std::array<char, 4096> said{};
    timeval patience{10, 0};
    ::setsockopt(socket.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    while (true) {
        const ssize_t came = ::recv(socket.number(), said.data(), said.size(), 0);
        if (came <= 0) return came == 0 || errno == ECONNRESET;
    }
}

TEST_CASE("a node refuses messages that are too large on every path, says so once and serves others") {
    for (const std::string& kind : path_kinds()) {
        CAPTURE(kind);
        WatchedNode node(kind);
        const std::vector<std::byte> content(std::size_t{2} << 20U);
        const TensorView tensor{
            DType::kUInt8, {static_cast<std::int64_t>(content.size())}, content.data(), content.size()};
        FrameHead head;
        head.tensors = {{tensor.dtype, tensor.shape, static_cast<std::int64_t>(tensor.size)}};
        for (int attempt = 0; attempt < 3; ++attempt) {
            const auto stream = node.connect();
            try {
                stream->send(head, {tensor});
            } catch (const EnvironmentError&) {  // it has hung up already
            }
            const auto pool = BufferPool::create();
            try {
                CHECK_FALSE(stream->receive(*pool, 1000, [](const FrameHead&) { return ""; }).has_value());
            } catch (const EnvironmentError&) {
            }
        }
        const std::vector<std::string> said = node.await_said(1);
        REQUIRE(said.size() == 1);
        INFO(said[0]);
        CHECK(said[0].find("2097152") != std::string::npos);
        node.require_service(1);
    }
}

TEST_CASE("a node refuses what is no frame on every path, says so once and serves others") {
    for (const std::string& kind : path_kinds()) {
        CAPTURE(kind);
        WatchedNode node(kind);
        const std::string junk(4096, 'G');
        for (int attempt = 0; attempt < 3; ++attempt) {
            const Descriptor peer = node.connect_raw();
            REQUIRE(::send(peer.number(), junk.data(), junk.size(), MSG_NOSIGNAL) > 0);
            CHECK(awaits_end(peer));
        }
        const std::vector<std::string> said = node.await_said(1);
        REQUIRE(said.size() == 1);
        node.require_service(1);
    }
}

TEST_CASE("a peer that says nothing keeps no other waiting on any path") {
    for (const std::string& kind : path_kinds()) {
        CAPTURE(kind);
        WatchedNode node(kind);
        const Descriptor silent = node.connect_raw();
        node.require_service(0);
    }
}

}  // namespace
}  // namespace carbonedge
