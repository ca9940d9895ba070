#include "lib/transport/tls_stream.h"

#include "lib/base/errors.h"
#include "lib/transport/tcp_socket.h"
#include "lib/transport/tls_session.h"
#include "tests/unit/transport/stream_pair.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

namespace carbonedge {
namespace {

/// A TLS listener that accepts until it ends, and what it said.
class Guarded {
public:
    explicit Guarded(StreamOptions options) {
        options.warn = [this](const std::string& line) {
            const std::lock_guard lock(mutex_);
            said_.push_back(line);
            changed_.notify_all();
        };
        listener_ = listen_for_frames("tls:127.0.0.1:0", options);
        thread_ = std::jthread([this] {
            while (auto stream = listener_->accept()) {
                const std::lock_guard lock(mutex_);
                accepted_.push_back(stream->peer());
                changed_.notify_all();
            }
        });
    }
    ~Guarded() { listener_->shut_down(); }
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;

    const std::string& address() const { return listener_->address(); }
    std::vector<std::string> await_said(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(10), [&] { return said_.size() >= count; });
        return said_;
    }
    std::vector<std::string> await_accepted(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(10), [&] { return accepted_.size() >= count; });
        return accepted_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> said_;
    std::vector<std::string> accepted_;
    std::unique_ptr<FrameListener> listener_;
    std::jthread thread_;
};

constexpr const char* kRemedy =
    "; see that it listens with tls:, and that both ends have certificates of one authority, in force, with the right "
    "names";

TEST_CASE("peers with bad certificates are refused on both ends and said once and the next good one is served") {
    TestAuthority ours;
    TestAuthority theirs;
    const TlsFiles good = ours.issue("DNS:node-a");
    struct Case {
        const char* what;
        TlsFiles files;
        std::string expected_name;
        std::string connector_says;
        std::string listener_says;
    };
    const std::vector<Case> cases{
        {"signed by a stranger", theirs.issue_believing("DNS:node-a", ours), "node-b", "tls",
         "certificate is not believed"},
        {"expired", ours.issue("DNS:node-a", -5), "node-b", "tls", "certificate has expired"},
        {"not yet in force", ours.issue("DNS:node-a", 5), "node-b", "tls", "certificate is not yet valid"},
        {"not one of the accepted", ours.issue("DNS:node-x"), "node-b", "it refused the connection",
         "'node-x' is not one of those that may connect"},
        {"believes another authority", ours.issue_believing("DNS:node-a", theirs), "node-b",
         "its certificate is not believed", "TLS failed: tlsv1 alert"},
        {"expects another name", good, "node-c", "hostname mismatch, it should be 'node-c'", "TLS failed"},
        {"expects an address", good, "", "IP address mismatch, it should be '127.0.0.1'", "TLS failed"},
    };
    for (const Case& bad : cases) {
        CAPTURE(bad.what);
        StreamOptions listening;
        listening.tls = ours.issue("DNS:node-b");
        listening.accepted_names = {"node-a"};
        Guarded guarded(listening);
        StreamOptions connecting;
        connecting.tls = bad.files;
        connecting.expected_name = bad.expected_name;
        for (int attempt = 0; attempt < 3; ++attempt) {
            std::string problem;
            try {
                connect_frames(guarded.address(), "node 'b'", connecting);
            } catch (const EnvironmentError& error) {
                problem = error.what();
            }
            INFO(problem);
            CHECK(problem.starts_with("cannot reach node 'b' at " + guarded.address().substr(4) + ": "));
            CHECK(problem.find(bad.connector_says) != std::string::npos);
            CHECK(problem.ends_with(kRemedy));
        }
        connecting.tls = good;
        connecting.expected_name = "node-b";
        const auto stream = connect_frames(guarded.address(), "node 'b'", connecting);
        const std::vector<std::string> accepted = guarded.await_accepted(1);
        REQUIRE(accepted.size() == 1);
        CHECK(accepted[0] == "node-a at 127.0.0.1");
        const std::vector<std::string> said = guarded.await_said(1);
        REQUIRE(said.size() == 1);
        INFO(said[0]);
        CHECK(said[0].starts_with("a connection from 127.0.0.1 was refused: "));
        CHECK(said[0].find(bad.listener_says) != std::string::npos);
    }
}

TEST_CASE("a context follows its files and keeps what it has while they cannot be used") {
    TestAuthority authority;
    const TlsFiles first = authority.issue("DNS:node-a");
    const TemporaryFolder folder;
    const TlsFiles files{folder.file("ca.pem"), folder.file("cert.pem"), folder.file("key.pem")};
    const auto put = [](const std::string& from, const std::string& to) {
        std::filesystem::copy_file(from, to + ".new");
        std::filesystem::rename(to + ".new", to);
    };
    const auto put_all = [&](const TlsFiles& from) {
        put(from.authority, files.authority);
        put(from.certificate, files.certificate);
        put(from.key, files.key);
    };
    put_all(first);
    std::vector<std::string> warnings;
    FollowedTlsContext followed(
        files, TlsContext::Role::kListens, [&](const std::string& line) { warnings.push_back(line); }, Nanoseconds(0));
    const auto loaded = followed.current();
    CHECK(followed.current() == loaded);

    const TlsFiles second = authority.issue("DNS:node-a");
    put(second.key, files.key);  // the first half of a rotation
    CHECK(followed.current() == loaded);
    CHECK(warnings.empty());
    put(second.certificate, files.certificate);
    const auto rotated = followed.current();
    CHECK(rotated != loaded);
    CHECK(warnings.empty());

    std::filesystem::remove(files.certificate);
    for (int i = 0; i < 3; ++i) CHECK(followed.current() == rotated);
    REQUIRE(!warnings.empty());
    CHECK(warnings[0] ==
          files.certificate + ": cannot be read; it should be a certificate; the certificates before it stay in force");
    put_all(first);
    CHECK(followed.current() != rotated);

    // Looked at once an hour it does not notice.
    FollowedTlsContext slow(files, TlsContext::Role::kListens, {}, std::chrono::hours(1));
    const auto kept = slow.current();
    put_all(second);
    CHECK(slow.current() == kept);
}

TEST_CASE("who speaks no TLS or says nothing is refused and keeps nobody waiting") {
    TestAuthority authority;
    StreamOptions options;
    options.tls = authority.issue("IP:127.0.0.1");
    options.connect_timeout = std::chrono::milliseconds(300);
    Guarded guarded(options);
    const HostPort where = parse_host_port(guarded.address().substr(4));
    const Descriptor silent = connect_tcp_socket(where, Reach::kLoopback, "listener", options);
    const Descriptor plain = connect_tcp_socket(where, Reach::kLoopback, "listener", options);
    const std::string request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    REQUIRE(::send(plain.number(), request.data(), request.size(), 0) == static_cast<ssize_t>(request.size()));
    CHECK_NOTHROW(connect_frames(guarded.address(), "listener", options));
    const std::vector<std::string> said = guarded.await_said(2);
    REQUIRE(said.size() == 2);
    CHECK(said[0].find("was refused: TLS failed: ") != std::string::npos);
    CHECK(said[1] == "a connection from 127.0.0.1 was refused: its handshake took too long");
    CHECK(guarded.await_accepted(1).size() == 1);
}

TEST_CASE("a connector gives up a listener that does not speak TLS") {
    TestAuthority authority;
    StreamOptions options;
    options.tls = authority.issue("IP:127.0.0.1");
    options.connect_timeout = std::chrono::milliseconds(200);
    const auto plain = listen_for_frames("tcp:127.0.0.1:0", options);
    const std::string where = plain->address().substr(4);
    const std::string expected = "cannot reach node 'b' at " + where + ": no TLS handshake within 200ms" + kRemedy;
    CHECK_THROWS_WITH_AS(connect_frames("tls:" + where, "node 'b'", options), expected.c_str(), EnvironmentError);
}

TEST_CASE("certificate files that cannot be used are named") {
    TestAuthority authority;
    const TemporaryFolder folder;
    const TlsFiles good = authority.issue("DNS:node-a");
    const TlsFiles other = authority.issue("DNS:node-b");
    std::ofstream(folder.file("text.pem")) << "no certificate\n";
    const auto listen = [](const TlsFiles& files) {
        StreamOptions options;
        options.tls = files;
        return listen_for_frames("tls:127.0.0.1:0", options);
    };
    CHECK_THROWS_WITH_AS(listen_for_frames("tls:127.0.0.1:0", {}),
                         "tls: needs the authority's certificate; none is given", UsageError);
    CHECK_THROWS_WITH_AS(listen({good.authority, folder.file("absent"), good.key}),
                         (folder.file("absent") + ": cannot be read; it should be a certificate").c_str(), InputError);
    CHECK_THROWS_AS(listen({folder.file("text.pem"), good.certificate, good.key}), InputError);
    CHECK_THROWS_AS(listen({good.authority, folder.file("text.pem"), good.key}), InputError);
    CHECK_THROWS_AS(listen({good.authority, good.certificate, folder.file("text.pem")}), InputError);
    CHECK_THROWS_AS(listen({good.authority, good.certificate, other.key}), InputError);
}

TEST_CASE("keys change on the way without anybody noticing") {
    TestAuthority authority;
    const TlsFiles files = authority.issue("IP:127.0.0.1");
    const TlsContext connects(files, TlsContext::Role::kConnects);
    const TlsContext listens(files, TlsContext::Role::kListens);
    std::array<int, 2> sockets{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.data()) == 0);
    const Descriptor near(sockets[0]);
    const Descriptor far(sockets[1]);
    TlsSession left(connects, near, "127.0.0.1");
    TlsSession right(listens, far, "");
    const auto flush = [](TlsSession& session, const Descriptor& socket) {
        const auto size = static_cast<ssize_t>(session.output().size());
        CHECK(::send(socket.number(), session.output().data(), session.output().size(), 0) == size);
        session.output().clear();
    };
    for (int step = 0; step < 3; ++step) {
        left.shake_hands();
        flush(left, near);
        right.shake_hands();
        flush(right, far);
    }
    REQUIRE(left.shake_hands() == TlsSession::Handshake::kDone);
    REQUIRE(right.shake_hands() == TlsSession::Handshake::kDone);
    left.set_bytes_per_key(40'000);
    std::size_t records_seen = 0;
    for (int i = 0; i < 30; ++i) {
        const std::string sent(16'000, static_cast<char>('a' + i % 26));
        left.encrypt(sent.data(), sent.size());
        records_seen += left.output().size();
        flush(left, near);
        std::string came(sent.size(), '\0');
        for (std::size_t done = 0; done < came.size();) {
            const std::size_t part = right.decrypt(came.data() + done, came.size() - done);
            REQUIRE(part > 0);
            done += part;
        }
        CHECK(came == sent);
    }
    // 22 bytes a record, and key updates on top: one after every third message.
    CHECK(records_seen > 30 * (16'000 + 22) + 9 * 20);
}

}  // namespace
}  // namespace carbonedge
