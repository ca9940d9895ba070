#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace carbonedge {

struct HttpRequest {
    std::string url;                   ///< http:// or https://; holds no secret
    std::vector<std::string> headers;  ///< "auth-token: ..."; never shown
    std::string user_and_password;     ///< "name:word" for basic authentication; never shown; "" for none
};

struct HttpResponse {
    long status = 0;  ///< 0: no answer; then `problem` says why
    std::string body;
    std::string problem;  ///< "could not connect", "timed out", "answered more than 33554432 bytes", ...
    std::chrono::seconds retry_after{0};  ///< the server's wish, as seconds or as a date; 0 none
    bool hopeless = false;                ///< asking again would give the same: the body is too large
};

/// Asks for one document. The implementation loads libcurl when the first request is made, so that programs which never
/// fetch do not pay for it at start.
class HttpClient {
public:
    virtual ~HttpClient() = default;
    virtual HttpResponse get(const HttpRequest& request) = 0;
};

struct HttpLimits {
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds total_timeout{20'000};
    std::size_t largest_body_bytes = std::size_t{32} << 20U;
    std::stop_token stop;  ///< a request under way is given up within about a second
};

/// Throws EnvironmentError where libcurl is not installed. Follows no redirect: a token must not travel to another
/// host.
std::unique_ptr<HttpClient> make_http_client(const HttpLimits& limits);

}  // namespace carbonedge
