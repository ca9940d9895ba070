#pragma once

#include "lib/transport/descriptor.h"
#include "lib/transport/frame_stream.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

struct ssl_ctx_st;

namespace carbonedge {

/// Certificates and rules, loaded once for all sessions of a listener or a connector: TLS 1.3 alone, both ends show a
/// certificate that the authority has signed.
class TlsContext {
public:
    enum class Role { kConnects, kListens };
    /// Throws InputError, naming the file, where one cannot be read or the key is not the certificate's.
    TlsContext(const TlsFiles& files, Role role);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    struct State;
    [[nodiscard]] const State& state() const { return *state_; }
    [[nodiscard]] ssl_ctx_st* native() const;  ///< for libraries that speak TLS themselves

private:
    std::unique_ptr<State> state_;
};

/// A context that follows its files: after one of them was replaced, connections begin with the new ones. Those that
/// are open keep theirs. Thread-safe.
class FollowedTlsContext {
public:
    using Warn = std::function<void(const std::string&)>;
    /// Throws as TlsContext does. Replaced files that cannot be used are told to `warn`, and the ones before stay in
    /// force until they can.
    FollowedTlsContext(TlsFiles files, TlsContext::Role role, Warn warn = {},
                       Nanoseconds look_every = std::chrono::seconds(1));

    /// Looks at the files at most every `look_every`.
    std::shared_ptr<const TlsContext> current();

private:
    /// What tells one version of the files from the next.
    [[nodiscard]] std::string state_of_files() const;

    TlsFiles files_;
    TlsContext::Role role_;
    Warn warn_;
    Nanoseconds look_every_;
    std::mutex mutex_;
    std::string loaded_;    ///< state of the files that `context_` has
    std::string unusable_;  ///< state of files that could not be loaded
    Nanoseconds looked_{0};
    std::shared_ptr<const TlsContext> context_;
};

/// One end of a TLS connection. It never waits: it reads what the socket has, and leaves records to be sent in a
/// buffer, so that its caller decides how they are gathered and who waits. Not thread-safe.
class TlsSession {
public:
    /// `expected_name`, where not empty, must be in the peer's certificate.
    TlsSession(const TlsContext& context, const Descriptor& socket, const std::string& expected_name);
    ~TlsSession();
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;

    enum class Handshake {
        kWaits,  ///< send the output, wait until the socket is readable, call again
        kDone,   ///< send the output; both ends know each other
        kFailed  ///< problem() says why; the output tells the peer
    };
    Handshake shake_hands();
    /// Why the handshake failed, or why the session ended, "" where the peer just left.
    [[nodiscard]] const std::string& problem() const;

    /// One of the names in the peer's certificate, after shake_hands().
    [[nodiscard]] std::string peer_name() const;
    [[nodiscard]] bool peer_is(const std::string& name) const;

    /// Appends records of these bytes to the output.
    void encrypt(const void* bytes, std::size_t size);
    /// Up to `size` bytes of what came; 0: there is nothing yet, or (`ended()`) there will not be.
    std::size_t decrypt(void* bytes, std::size_t size);
    [[nodiscard]] bool ended() const;

    /// Records that are to be sent; whoever sends them empties it.
    [[nodiscard]] std::vector<char>& output();

    /// Keys are changed after so many bytes, well before the ciphers' limits.
    static constexpr std::uint64_t kBytesPerKey = std::uint64_t{64} << 30U;
    void set_bytes_per_key(std::uint64_t bytes);

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// What a record carries at most.
constexpr std::size_t kTlsRecord = 16 * 1024;

}  // namespace carbonedge
