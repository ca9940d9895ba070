#pragma once

#include "lib/transport/descriptor.h"
#include "lib/transport/frame_stream.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

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

private:
    std::unique_ptr<State> state_;
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
