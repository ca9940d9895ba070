#include "lib/transport/stream_gauge.h"

#include "lib/base/errors.h"
#include "lib/transport/clocks.h"
#include "lib/transport/descriptor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <limits>
#include <utility>

namespace carbonedge {
namespace {

/// What the answerer does, as the frame's pipeline.
constexpr std::int32_t kSendBack = 0;
constexpr std::int32_t kTellCpu = 1;

std::string take_all(const FrameHead& /*head*/) { return ""; }

TensorView bytes_view(const std::byte* content, std::size_t size) {
    return {DType::kUInt8, {static_cast<std::int64_t>(size)}, content, size};
}

FrameHead head_of(std::int32_t what, const std::vector<TensorView>& tensors) {
    FrameHead head;
    head.pipeline = what;
    for (const TensorView& tensor : tensors) {
        head.tensors.push_back({tensor.dtype, tensor.shape, static_cast<std::int64_t>(tensor.size)});
    }
    return head;
}

void write_line(const Descriptor& pipe, std::string line) {
    line += '\n';
    if (::write(pipe.number(), line.data(), line.size()) < 0) return;  // whoever reads it sees the end instead
}

/// What the child does with its life.
void serve(const std::string& address, const StreamOptions& options, const Descriptor& pipe) {
    try {
        const std::unique_ptr<FrameListener> listener = listen_for_frames(address, options);
        write_line(pipe, listener->address());
        const std::unique_ptr<FrameStream> stream = listener->accept();
        if (stream) answer_gauge(*stream);
    } catch (const std::exception& error) {
        write_line(pipe, std::string("!") + error.what());
    }
}

}  // namespace

void answer_gauge(FrameStream& stream) {
    const auto pool = BufferPool::create();
    constexpr std::uint64_t kLongest = std::numeric_limits<std::int64_t>::max();
    while (const std::optional<ReceivedFrame> frame = stream.receive(*pool, kLongest / 4, take_all)) {
        if (frame->head.pipeline == kSendBack) {
            stream.send(frame->head, frame->tensors);
        } else {
            FrameHead answer = head_of(kTellCpu, {});
            StageRecord record;
            record.cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID);
            answer.stages.push_back(record);
            stream.send(answer, {});
        }
    }
}

ReceivedFrame StreamGauge::exchange(const FrameHead& head, const std::vector<TensorView>& tensors) {
    stream_.send(head, tensors);
    std::optional<ReceivedFrame> answer = stream_.receive(*pool_, std::uint64_t{1} << 40U, take_all);
    if (!answer) throw EnvironmentError(stream_.peer() + " went away while it was measured", "try again");
    return std::move(*answer);
}

std::vector<double> StreamGauge::one_way_ns(std::size_t bytes, std::size_t count) {
    const std::shared_ptr<TensorBuffer> buffer = pool_->take(bytes);
    std::memset(buffer->bytes(), 1, bytes);
    const std::vector<TensorView> tensors{bytes_view(buffer->bytes(), bytes)};
    const FrameHead head = head_of(kSendBack, tensors);
    std::vector<double> times;
    times.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const Nanoseconds start = now_monotonic();
        const ReceivedFrame answer = exchange(head, tensors);
        times.push_back(static_cast<double>((answer.received - start).count()) / 2);
    }
    return times;
}

void answer_gauges(FrameListener& listener, const std::function<void(const std::string&)>& warn) {
    while (const std::unique_ptr<FrameStream> stream = listener.accept()) {
        try {
            answer_gauge(*stream);
        } catch (const std::exception& error) {
            warn(error.what());
        }
    }
}

StreamGauge::Cpu StreamGauge::cpu(std::size_t bytes, std::size_t count) {
    const std::shared_ptr<TensorBuffer> buffer = pool_->take(bytes);
    std::memset(buffer->bytes(), 1, bytes);
    const std::vector<TensorView> tensors{bytes_view(buffer->bytes(), bytes)};
    const FrameHead head = head_of(kTellCpu, tensors);
    const auto peer_cpu = [](const ReceivedFrame& answer) { return answer.head.stages.at(0).cpu; };
    const Nanoseconds peer_start = peer_cpu(exchange(head, tensors));
    const Nanoseconds start = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    Nanoseconds peer_end = peer_start;
    for (std::size_t i = 0; i < count; ++i) peer_end = peer_cpu(exchange(head, tensors));
    const Nanoseconds end = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    const auto each = [&](Nanoseconds time) { return static_cast<double>(time.count()) / static_cast<double>(count); };
    return {each(end - start), each(peer_end - peer_start)};
}

GaugePeer::GaugePeer(const std::string& address, const StreamOptions& options) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw EnvironmentError(fmt::format("cannot make a pipe: {}", std::strerror(errno)),
                               "raise the limit of open files (ulimit -n)");
    }
    const Descriptor reading(ends[0]);
    Descriptor writing(ends[1]);
    const pid_t parent = ::getpid();
    child_ = ::fork();
    if (child_ < 0) {
        throw EnvironmentError(fmt::format("cannot start a process: {}", std::strerror(errno)),
                               "raise the limit of processes (ulimit -u)");
    }
    if (child_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        // Ctrl-C is for the parent, which then ends this one.
        ::signal(SIGINT, SIG_IGN);
        if (::getppid() == parent) serve(address, options, writing);
        ::_exit(0);
    }
    writing.close();
    std::string line;
    char letter = 0;
    while (::read(reading.number(), &letter, 1) == 1 && letter != '\n') line += letter;
    if (line.empty() || line.starts_with('!')) {
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
        throw EnvironmentError(line.empty() ? "the other end did not start" : line.substr(1), "try again");
    }
    address_ = line;
}

GaugePeer::~GaugePeer() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
}

}  // namespace carbonedge
