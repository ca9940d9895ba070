#pragma once

#include "lib/transport/tls_files.h"
#include "lib/units/quantity.h"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace carbonedge {

struct HttpServerRequest {
    std::string method;                          ///< "GET"
    std::string target;                          ///< path and query as they came
    std::map<std::string, std::string> headers;  ///< names in lower case; the last one of a name that came twice
    std::string body;
};

struct HttpServerResponse {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

/// What a client can take of a server at most.
struct HttpServerLimits {
    std::size_t connections = 128;         ///< more are answered 503 and closed
    std::size_t header_bytes = 16 * 1024;  ///< more is answered 431
    Bytes body{1 << 20};                   ///< more is answered 413, before it is read where its length is announced
    Nanoseconds header_time{std::chrono::seconds(10)};    ///< from a request's first byte to the end of its header
    Nanoseconds body_time{std::chrono::seconds(30)};      ///< for the whole body
    Nanoseconds response_time{std::chrono::seconds(30)};  ///< for the client to take the whole response
    Nanoseconds idle_time{std::chrono::seconds(60)};      ///< between requests of a connection
};

/// Mutual TLS 1.3: clients show a certificate of the same authority.
struct HttpsOptions {
    TlsFiles files;                                  ///< followed: replaced ones hold for new connections
    std::function<void(const std::string&)> warn{};  ///< a line about who was refused, each different one once
};

/// An HTTP/1.1 server with kept connections, in one thread. What is no HTTP is answered 400; a client that is too slow
/// is cut off.
class HttpServer {
public:
    using Respond = std::function<void(HttpServerResponse)>;
    /// Called in the server's thread: it neither waits nor throws, and calls `respond` once, then or later, in any
    /// thread.
    using Handle = std::function<void(HttpServerRequest, Respond)>;

    /// `address` is "127.0.0.1:8080", "localhost:0" or "[::1]:0". Throws UsageError for what is no such address,
    /// EnvironmentError where it cannot be had, InputError for certificates that cannot be used.
    HttpServer(const std::string& address, const HttpServerLimits& limits, Handle handle,
               const std::optional<HttpsOptions>& https = std::nullopt);
    /// Waits until every request that `handle` was given has been responded to.
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    [[nodiscard]] const std::string& address() const;  ///< with the port that was really taken

    /// Takes no more connections, closes those without a request, and lets the others answer theirs for `patience`.
    void shut_down(Nanoseconds patience);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace carbonedge
