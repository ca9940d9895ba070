#include "lib/runtime/traffic_shaper.h"
#include "lib/base/errors.h"
#include "lib/transport/clocks.h"
#include "lib/transport/frame_stream.h"
#include "tests/support/skip.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>
#include <algorithm>
#include <future>
#include <thread>
#include <vector>

namespace carbonedge {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> kPath{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
constexpr const char* kSender = "10.213.77.1";
constexpr const char* kReceiver = "10.213.77.2";

void command(const std::string& words) {
    const ContainerCli::Outcome outcome = ContainerCli("sh", kPath).run({"-c", words}, 20s, {});
    if (outcome.status != 0) throw EnvironmentError(words + ": " + outcome.err, "see whether it works by hand");
}

/// Two network namespaces joined by a pair of virtual interfaces.
struct Networks {
    std::string sender = fmt::format("carbonedge-s{}", ::getpid());
    std::string receiver = fmt::format("carbonedge-r{}", ::getpid());

    Networks() {
        try {
            command(
                fmt::format("ip netns add {0} && ip netns add {1} && "
                            "ip -n {0} link add eth0 type veth peer name eth0 netns {1} && "
                            "ip -n {0} address add {2}/24 dev eth0 && ip -n {1} address add {3}/24 dev eth0 && "
                            "ip -n {0} link set eth0 up && ip -n {1} link set eth0 up",
                            sender, receiver, kSender, kReceiver));
        } catch (...) {
            remove();
            throw;
        }
    }
    ~Networks() { remove(); }
    Networks(const Networks&) = delete;
    Networks& operator=(const Networks&) = delete;

    void remove() const noexcept {
        try {
            command(fmt::format("ip netns delete {}; ip netns delete {}", sender, receiver));
        } catch (const std::exception&) {
            return;  // a constructor that failed half way
        }
    }
};

std::string path_of(const std::string& network) { return "/run/netns/" + network; }

/// Only the calling thread.
void enter(const std::string& network) {
    const int descriptor = ::open(path_of(network).c_str(), O_RDONLY | O_CLOEXEC);
    const int status = ::setns(descriptor, CLONE_NEWNET);
    ::close(descriptor);
    if (status != 0) throw EnvironmentError("cannot enter " + network, "run it as root");
}

StreamOptions plain() {
    StreamOptions options;
    options.plain_text_across_hosts = true;
    return options;
}

/// Takes one connection after the other and answers every frame with an empty one.
class Sink {
public:
    explicit Sink(const std::string& network) {
        std::promise<void> listening;
        thread_ = std::jthread([&, this] {
            enter(network);
            listener_ = listen_for_frames(fmt::format("tcp:{}:0", kReceiver), plain());
            listening.set_value();
            while (const std::unique_ptr<FrameStream> stream = listener_->accept()) {
                const std::shared_ptr<BufferPool> pool = BufferPool::create();
                while (stream->receive(*pool, 1U << 30U, [](const FrameHead&) { return std::string(); })) {
                    stream->send(FrameHead{}, {});
                }
            }
        });
        listening.get_future().wait();
    }
    ~Sink() { listener_->shut_down(); }
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;

    [[nodiscard]] std::string address() const { return listener_->address(); }
    [[nodiscard]] int port() const {
        const std::string whole = address();
        return std::stoi(whole.substr(whole.rfind(':') + 1));
    }

private:
    std::unique_ptr<FrameListener> listener_;
    std::jthread thread_;
};

/// Least time of some rounds in which so many bytes go there and are acknowledged: what other work on this machine
/// delays is no matter of the limit.
Nanoseconds time_to_send(const std::string& network, const std::string& address, std::size_t bytes, int rounds) {
    Nanoseconds least = Nanoseconds::max();
    std::jthread([&] {
        enter(network);
        const std::unique_ptr<FrameStream> stream = connect_frames(address, "the sink", plain());
        const std::vector<std::byte> content(bytes);
        TensorView view;
        view.shape = {static_cast<std::int64_t>(bytes / sizeof(float))};
        view.content = content.data();
        view.size = bytes;
        FrameHead head;
        head.tensors = {{view.dtype, view.shape, static_cast<std::int64_t>(bytes)}};
        const std::shared_ptr<BufferPool> pool = BufferPool::create();
        for (int round = 0; round < rounds; ++round) {
            const Nanoseconds begin = now_monotonic();
            stream->send(head, {view});
            static_cast<void>(stream->receive(*pool, 1024, [](const FrameHead&) { return std::string(); }));
            least = std::min(least, now_monotonic() - begin);
        }
    }).join();
    return least;
}

double seconds(Nanoseconds time) { return to_seconds(time).count(); }

TEST_CASE("the kernel limits what a device sends to one address and port and nothing else") {
    TrafficShaper shaper(kPath);
    if (const std::string obstacle = shaper.obstacle(); !obstacle.empty()) {
        skip_test("limits of the kernel: " + obstacle);
        return;
    }
    const Networks networks;
    const Sink limited(networks.receiver);
    const Sink other(networks.receiver);
    const TrafficShaper::Device device{path_of(networks.sender), "eth0"};
    constexpr std::size_t kBytes = 2'000'000;
    for (const double megabytes_a_second : {10.0, 40.0}) {
        CAPTURE(megabytes_a_second);
        shaper.limit(device, {kReceiver, limited.port(), BytesPerSecond(megabytes_a_second * 1e6)}, {});
        const double expected = static_cast<double>(kBytes) / (megabytes_a_second * 1e6);
        CHECK(seconds(time_to_send(networks.sender, limited.address(), kBytes, 5)) ==
              doctest::Approx(expected).epsilon(0.1));
        CHECK(seconds(time_to_send(networks.sender, other.address(), kBytes, 5)) < expected / 2);
    }
}

TEST_CASE("limits that cannot be had say why") {
    CHECK(TrafficShaper({"PATH=/nowhere"}).obstacle() != "");
    TrafficShaper shaper(kPath);
    if (!shaper.obstacle().empty()) return;
    try {
        shaper.limit({"", "no-such-device"}, {"10.0.0.1", 7000, BytesPerSecond(1e6)}, {});
        FAIL("limited a device that is not there");
    } catch (const EnvironmentError& error) {
        const std::string said = error.what();
        CHECK(said.find("no-such-device") != std::string::npos);
        CHECK(said.find('\n') == std::string::npos);
    }
}

}  // namespace
}  // namespace carbonedge
