#include "benchmarks/transport_floor/contender.h"
#include "lib/transport/clocks.h"
#include "lib/transport/descriptor.h"
#include "lib/transport/stream_gauge.h"

#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace carbonedge {
namespace {

constexpr std::size_t kLargest = 16 << 20;

/// What comes before the messages of a series.
struct Series {
    std::uint64_t bytes = 0;
    std::uint64_t count = 0;
};

/// Bytes there and back again over what `Pipe` is.
template <class Pipe>
class RawContender final : public Contender {
public:
    RawContender(std::unique_ptr<Pipe> near, std::unique_ptr<ChildProcess> child)
        : near_(std::move(near)), child_(std::move(child)), message_(kLargest, 1) {}

    std::vector<double> one_way_ns(std::size_t bytes, std::size_t count) override {
        const Series series{bytes, count};
        near_->write(&series, sizeof(series));
        std::vector<double> times;
        times.reserve(count);
        for (std::size_t i = 0; i < count; ++i) {
            const Nanoseconds start = now_monotonic();
            near_->write(message_.data(), bytes);
            near_->read(message_.data(), bytes);
            times.push_back(static_cast<double>((now_monotonic() - start).count()) / 2);
        }
        return times;
    }

    static void echo(Pipe& pipe) {
        std::vector<char> message(kLargest, 1);
        Series series;
        while (pipe.read(&series, sizeof(series))) {
            for (std::uint64_t i = 0; i < series.count; ++i) {
                if (!pipe.read(message.data(), series.bytes)) return;
                pipe.write(message.data(), series.bytes);
            }
        }
    }

private:
    std::unique_ptr<Pipe> near_;
    std::unique_ptr<ChildProcess> child_;
    std::vector<char> message_;
};

class SocketPipe {
public:
    explicit SocketPipe(Descriptor socket) : socket_(std::move(socket)) {}
    bool read(void* bytes, std::size_t size) {
        auto* next = static_cast<char*>(bytes);
        while (size > 0) {
            const ssize_t came = ::recv(socket_.number(), next, size, MSG_WAITALL);
            if (came <= 0) return false;
            next += came;
            size -= static_cast<std::size_t>(came);
        }
        return true;
    }
    void write(const void* bytes, std::size_t size) {
        const auto* next = static_cast<const char*>(bytes);
        while (size > 0) {
            const ssize_t sent = ::send(socket_.number(), next, size, MSG_NOSIGNAL);
            if (sent <= 0) throw std::runtime_error("a raw socket broke");
            next += sent;
            size -= static_cast<std::size_t>(sent);
        }
    }

private:
    Descriptor socket_;
};

class TlsPipe {
public:
    TlsPipe(Descriptor socket, const TlsFiles& files, bool connects) : socket_(std::move(socket)) {
        context_ = SSL_CTX_new(connects ? TLS_client_method() : TLS_server_method());
        SSL_CTX_set_min_proto_version(context_, TLS1_3_VERSION);
        SSL_CTX_load_verify_locations(context_, files.authority.c_str(), nullptr);
        SSL_CTX_use_certificate_chain_file(context_, files.certificate.c_str());
        SSL_CTX_use_PrivateKey_file(context_, files.key.c_str(), SSL_FILETYPE_PEM);
        SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
        session_ = SSL_new(context_);
        SSL_set_fd(session_, socket_.number());
        if ((connects ? SSL_connect(session_) : SSL_accept(session_)) != 1) {
            throw std::runtime_error("a raw TLS handshake failed");
        }
    }
    ~TlsPipe() {
        SSL_free(session_);
        SSL_CTX_free(context_);
    }
    TlsPipe(const TlsPipe&) = delete;
    TlsPipe& operator=(const TlsPipe&) = delete;

    bool read(void* bytes, std::size_t size) {
        auto* next = static_cast<char*>(bytes);
        while (size > 0) {
            std::size_t came = 0;
            if (SSL_read_ex(session_, next, size, &came) != 1) return false;
            next += came;
            size -= came;
        }
        return true;
    }
    void write(const void* bytes, std::size_t size) {
        std::size_t sent = 0;
        if (SSL_write_ex(session_, bytes, size, &sent) != 1) throw std::runtime_error("a raw TLS stream broke");
    }

private:
    Descriptor socket_;
    SSL_CTX* context_ = nullptr;
    SSL* session_ = nullptr;
};

/// A buffer that is full while `turn` is odd for one direction and even for the other.
struct SharedBuffer {
    alignas(64) std::atomic<std::uint32_t> full;
    alignas(64) std::array<char, kLargest> bytes;
};

class ShmPipe {
public:
    ShmPipe(SharedBuffer* in, SharedBuffer* out) : in_(in), out_(out) {}
    bool read(void* bytes, std::size_t size) {
        await(*in_, 1);
        std::memcpy(bytes, in_->bytes.data(), size);
        give(*in_, 0);
        return true;
    }
    void write(const void* bytes, std::size_t size) {
        await(*out_, 0);
        std::memcpy(out_->bytes.data(), bytes, size);
        give(*out_, 1);
    }

private:
    static void await(SharedBuffer& buffer, std::uint32_t wanted) {
        while (buffer.full.load() != wanted)
            ::syscall(SYS_futex, &buffer.full, FUTEX_WAIT, 1 - wanted, nullptr, nullptr, 0);
    }
    static void give(SharedBuffer& buffer, std::uint32_t value) {
        buffer.full.store(value);
        ::syscall(SYS_futex, &buffer.full, FUTEX_WAKE, 1, nullptr, nullptr, 0);
    }
    SharedBuffer* in_;
    SharedBuffer* out_;
};

void set_option(const Descriptor& socket, int level, int option, int value) {
    ::setsockopt(socket.number(), level, option, &value, sizeof(value));
}

constexpr int kSocketBuffer = 4 << 20;

struct Ends {
    Descriptor near;
    Descriptor far;
};

Ends unix_ends() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        throw std::runtime_error("no socketpair");
    Ends pair{Descriptor(ends[0]), Descriptor(ends[1])};
    for (const Descriptor* socket : {&pair.near, &pair.far}) set_option(*socket, SOL_SOCKET, SO_SNDBUF, kSocketBuffer);
    return pair;
}

Ends tcp_ends() {
    const Descriptor listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listening.number(), generic, size) != 0 || ::listen(listening.number(), 1) != 0) {
        throw std::runtime_error("no TCP socket");
    }
    ::getsockname(listening.number(), generic, &size);
    Ends pair{Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), Descriptor()};
    if (::connect(pair.near.number(), generic, size) != 0) throw std::runtime_error("no TCP connection");
    pair.far = Descriptor(::accept(listening.number(), nullptr, nullptr));
    for (const Descriptor* socket : {&pair.near, &pair.far}) {
        set_option(*socket, SOL_SOCKET, SO_SNDBUF, kSocketBuffer);
        set_option(*socket, IPPROTO_TCP, TCP_NODELAY, 1);
    }
    return pair;
}

ContenderPointer make_raw_socket(Ends ends) {
    auto child = std::make_unique<ChildProcess>([&ends] {
        ends.near.close();
        SocketPipe pipe(std::move(ends.far));
        RawContender<SocketPipe>::echo(pipe);
    });
    ends.far.close();
    return std::make_unique<RawContender<SocketPipe>>(std::make_unique<SocketPipe>(std::move(ends.near)),
                                                      std::move(child));
}

class StreamContender final : public Contender {
public:
    StreamContender(const std::string& address, const StreamOptions& options)
        : peer_(address, options),
          stream_(connect_frames(peer_.address(), "the other end", options)),
          gauge_(*stream_) {}
    std::vector<double> one_way_ns(std::size_t bytes, std::size_t count) override {
        return gauge_.one_way_ns(bytes, count);
    }

private:
    GaugePeer peer_;
    std::unique_ptr<FrameStream> stream_;
    StreamGauge gauge_;
};

}  // namespace

ChildProcess::ChildProcess(const std::function<void()>& work) : child_(::fork()) {
    if (child_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
        work();
    } catch (const std::exception&) {  // the parent notices that nothing comes any more
    }
    ::_exit(0);
}

ChildProcess::~ChildProcess() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
}

ContenderPointer make_raw_unix() { return make_raw_socket(unix_ends()); }
ContenderPointer make_raw_tcp() { return make_raw_socket(tcp_ends()); }

ContenderPointer make_raw_tls(const TlsFiles& files) {
    Ends ends = tcp_ends();
    auto child = std::make_unique<ChildProcess>([&] {
        ends.near.close();
        TlsPipe pipe(std::move(ends.far), files, false);
        RawContender<TlsPipe>::echo(pipe);
    });
    ends.far.close();
    return std::make_unique<RawContender<TlsPipe>>(std::make_unique<TlsPipe>(std::move(ends.near), files, true),
                                                   std::move(child));
}

ContenderPointer make_raw_shm() {
    void* memory = ::mmap(nullptr, 2 * sizeof(SharedBuffer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("no shared memory");
    auto* there = static_cast<SharedBuffer*>(memory);
    SharedBuffer* back = there + 1;
    auto child = std::make_unique<ChildProcess>([=] {
        ShmPipe pipe(there, back);
        RawContender<ShmPipe>::echo(pipe);
    });
    return std::make_unique<RawContender<ShmPipe>>(std::make_unique<ShmPipe>(back, there), std::move(child));
}

ContenderPointer make_stream(const std::string& address, const StreamOptions& options) {
    return std::make_unique<StreamContender>(address, options);
}

}  // namespace carbonedge
