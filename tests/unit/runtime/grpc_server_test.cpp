#include "lib/runtime/grpc_server.h"

#include "lib/base/errors.h"
#include "lib/runtime/inference_service.h"
#include "lib/transport/tcp_socket.h"
#include "tests/unit/runtime/one_model_backend.h"

#include <doctest/doctest.h>
#include <grpcpp/grpcpp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace carbonedge {
namespace {

constexpr Nanoseconds kPatience = std::chrono::seconds(20);

/// Answers a call only when it is told to.
class Holding : public OneModelBackend {
public:
    void start(InferenceCall call, Answered answered) override {
        const std::lock_guard lock(mutex_);
        if (!holds_) return answered(call.inputs);
        held_.emplace_back(std::move(call), std::move(answered));
        most_ = std::max(most_, held_.size());
        changed_.notify_all();
    }
    void ended(ClientProtocol /*protocol*/, InferenceResult /*result*/, Nanoseconds /*duration*/) override {}

    bool await(std::size_t held) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, kPatience, [&] { return held_.size() >= held; });
    }
    std::size_t most() {
        const std::lock_guard lock(mutex_);
        return most_;
    }
    void answer_one() {
        const auto [call, answered] = [this] {
            const std::lock_guard lock(mutex_);
            auto first = std::move(held_.front());
            held_.pop_front();
            return first;
        }();
        answered(call.inputs);
    }
    /// Those that are held, and from now on whatever comes.
    void answer_all() {
        std::deque<std::pair<InferenceCall, Answered>> held;
        {
            const std::lock_guard lock(mutex_);
            holds_ = false;
            held.swap(held_);
        }
        for (const auto& [call, answered] : held) answered(call.inputs);
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::pair<InferenceCall, Answered>> held_;
    std::size_t most_ = 0;
    bool holds_ = true;
};

/// A connection of its own, and calls over it that are under way at a time.
class Client {
public:
    explicit Client(const std::string& address) {
        grpc::ChannelArguments own;
        own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
        stub_ = inference::GRPCInferenceService::NewStub(
            grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), own));
    }
    void call(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) calls_.emplace_back([this] { answered_ += ask() ? 1 : 0; });
    }
    /// How many were answered, once all have ended.
    std::size_t await_all() {
        calls_.clear();
        return answered_;
    }

private:
    bool ask() {
        const inference::ModelInferRequest request = two_bytes();
        grpc::ClientContext context;
        context.set_wait_for_ready(true);
        context.set_deadline(std::chrono::system_clock::now() + kPatience);
        inference::ModelInferResponse response;
        return stub_->ModelInfer(&context, request, &response).ok();
    }

    std::unique_ptr<inference::GRPCInferenceService::Stub> stub_;
    std::atomic<std::size_t> answered_ = 0;
    std::vector<std::jthread> calls_;
};

struct Served {
    explicit Served(const GrpcServerLimits& limits)
        : server({"127.0.0.1:0"}, {service.get()}, Bytes(1024), {}, limits) {}
    ~Served() { backend.answer_all(); }

    Holding backend;
    std::unique_ptr<grpc::Service> service = make_inference_service(backend);
    GrpcServer server;
};

/// A peer that speaks no more of HTTP/2 than it is told to.
class RawPeer {
public:
    explicit RawPeer(const std::string& address)
        : socket_(connect_tcp_socket(parse_host_port(address), Reach::kLoopback, "server", {})) {
        timeval patience{std::chrono::duration_cast<std::chrono::seconds>(kPatience).count(), 0};
        ::setsockopt(socket_.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    void say(const std::string& bytes) { (void)::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL); }
    void greet() { say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame('\4', '\0', 0, "")); }
    /// Of ModelInfer, with the head of a message of so many bytes and none of them.
    void begin_call(char stream, std::size_t message) {
        std::string head;
        for (const auto& [name, value] : {std::pair<std::string, std::string>{":method", "POST"},
                                          {":scheme", "http"},
                                          {":path", "/inference.GRPCInferenceService/ModelInfer"},
                                          {":authority", "x"},
                                          {"content-type", "application/grpc"},
                                          {"te", "trailers"}}) {
            head += '\0' + std::string(1, static_cast<char>(name.size())) + name;  // HPACK: a literal, not indexed
            head += std::string(1, static_cast<char>(value.size())) + value;
        }
        say(frame('\1', '\4', stream, head));
        std::string prefix(5, '\0');
        for (std::size_t i = 0; i < 4; ++i) prefix[4 - i] = static_cast<char>((message >> (8 * i)) & 0xFFU);
        say(frame('\0', '\0', stream, prefix));
    }
    [[nodiscard]] int number() const { return socket_.number(); }
    /// Whether the server says anything before it closes; it must do one of both.
    bool hears() {
        std::array<char, 4096> said{};
        const ssize_t came = ::recv(socket_.number(), said.data(), said.size(), 0);
        REQUIRE((came >= 0 || errno == ECONNRESET));
        return came > 0;
    }
    void await_end() {
        while (hears()) {
        }
    }

private:
    static std::string frame(char type, char flags, char stream, const std::string& content) {
        return {std::string{'\0', static_cast<char>(content.size() >> 8U), static_cast<char>(content.size()), type,
                            flags, '\0', '\0', '\0', stream} +
                content};
    }
    Descriptor socket_;
};

TEST_CASE(
    "a connection has so many calls under way and no more while the rest wait at the client and other clients do not") {
    const GrpcServerLimits limits;
    REQUIRE(limits.calls == 256);
    Served served(limits);
    Client greedy(served.server.address());
    Client modest(served.server.address());
    greedy.call(300);
    REQUIRE(served.backend.await(256));
    modest.call(1);
    REQUIRE(served.backend.await(257));
    for (int i = 0; i < 20; ++i) {
        served.backend.answer_one();
        CHECK(served.backend.await(256));  // the next one of the greedy client's has come
    }
    CHECK(served.backend.most() == 257);
    served.backend.answer_all();
    CHECK(greedy.await_all() == 300);
    CHECK(modest.await_all() == 1);
}

/// Waits until so many of the peers are closed; how many are not, then.
std::size_t await_closed(const std::deque<RawPeer>& peers, std::size_t closed) {
    std::vector<pollfd> open;
    for (const RawPeer& peer : peers) open.push_back({peer.number(), POLLRDHUP, 0});
    while (peers.size() - open.size() < closed) {
        REQUIRE(::poll(open.data(), open.size(), 20'000) > 0);
        std::erase_if(open, [](const pollfd& one) { return one.revents != 0; });
    }
    return open.size();
}

TEST_CASE("so many connections are open at a time and the next are closed and told of once and room comes back") {
    std::vector<std::string> said;
    GrpcServerLimits limits;
    limits.connections = 20;
    limits.warn = [&said](const std::string& line) { said.push_back(line); };
    {
        Served served(limits);
        served.backend.answer_all();
        {
            std::deque<RawPeer> peers;
            for (int i = 0; i < 50; ++i) peers.emplace_back(served.server.address()).greet();
            CHECK(await_closed(peers, 30) == 20);
        }
        Client client(served.server.address());  // connects again until the server has seen that they are gone
        client.call(1);
        CHECK(client.await_all() == 1);
    }
    CHECK(said == std::vector<std::string>{"a connection was refused: 20 are open already"});
}

TEST_CASE("a server that had no descriptor left for a connection takes the next ones") {
    Served served({});
    served.backend.answer_all();
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    {
        RawPeer last(served.server.address());  // nothing of this process below its descriptor is free
        const rlimit none{static_cast<rlim_t>(last.number()) + 4, before.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
        std::deque<RawPeer> peers;
        CHECK_THROWS_AS(
            [&] {
                while (true) peers.emplace_back(served.server.address()).greet();
            }(),
            EnvironmentError);
    }
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    Client client(served.server.address());
    client.call(1);
    CHECK(client.await_all() == 1);
}

TEST_CASE("connections are kept as long as there is memory for them") {
    GrpcServerLimits limits;
    limits.connections = 1000;
    limits.calls = 1;
    limits.memory = Bytes(1 << 20);
    Served served(limits);
    served.backend.answer_all();
    {
        std::deque<RawPeer> peers;
        for (int i = 0; i < 400; ++i) peers.emplace_back(served.server.address()).greet();
        CHECK(await_closed(peers, 100) > 50);
    }
    Client client(served.server.address());  // there is room again
    client.call(1);
    CHECK(client.await_all() == 1);
}

TEST_CASE(
    "connections that say nothing or ask for nothing or stop answering end and one with a call under way does not") {
    GrpcServerLimits limits;
    limits.handshake_time = std::chrono::milliseconds(100);
    limits.idle_time = std::chrono::milliseconds(100);
    limits.silent_time = std::chrono::milliseconds(300);
    limits.answer_time = std::chrono::milliseconds(300);
    Served served(limits);
    Client client(served.server.address());
    client.call(1);
    REQUIRE(served.backend.await(1));
    RawPeer(served.server.address()).await_end();
    RawPeer idle(served.server.address());
    idle.greet();
    idle.await_end();
    RawPeer dead(served.server.address());
    dead.greet();
    dead.begin_call(1, 100);
    dead.await_end();
    served.backend.answer_all();
    CHECK(client.await_all() == 1);
}

}  // namespace
}  // namespace carbonedge
