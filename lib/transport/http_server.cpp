#include "lib/transport/http_server.h"

#include "lib/base/errors.h"
#include "lib/transport/connection_guard.h"
#include "lib/transport/tls_session.h"

#include <fmt/format.h>
#include <algorithm>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

namespace carbonedge {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = net::ip::tcp;

/// How long a client may go on sending what nobody wants, so that it reads why before the connection is reset.
constexpr std::chrono::seconds kLinger{2};
constexpr std::chrono::milliseconds kPauseWithoutDescriptors{100};

/// `problem` needs no escapes.
HttpServerResponse plain_error(unsigned status, const std::string& problem) {
    return {status, "application/json", {}, fmt::format("{{\"error\":\"{}\"}}\n", problem)};
}

Tcp::endpoint parse_address(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    const std::string port_text = colon == std::string::npos ? "" : address.substr(colon + 1);
    std::string host = address.substr(0, std::min(colon, address.size()));
    if (host == "localhost") host = "127.0.0.1";
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    beast::error_code problem;
    const net::ip::address ip = net::ip::make_address(host, problem);
    const bool digits =
        !port_text.empty() && port_text.size() <= 5 && port_text.find_first_not_of("0123456789") == std::string::npos;
    if (problem || !digits || std::stoul(port_text) > 65535) {
        throw UsageError(fmt::format("'{}' is no address to serve HTTP at; write 127.0.0.1:8080", address));
    }
    return {ip, static_cast<std::uint16_t>(std::stoul(port_text))};
}

HttpServerRequest taken(http::request<http::string_body>&& message) {
    HttpServerRequest request;
    request.method = std::string(message.method_string());
    request.target = std::string(message.target());
    for (const auto& field : message) {
        std::string name(field.name_string());
        std::transform(name.begin(), name.end(), name.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
        request.headers[name] = std::string(field.value());
    }
    request.body = std::move(message.body());
    return request;
}

http::response<http::string_body> made(HttpServerResponse&& response, unsigned version, bool keep_alive) {
    http::response<http::string_body> message{static_cast<http::status>(response.status), version};
    if (!response.content_type.empty()) message.set(http::field::content_type, response.content_type);
    for (const auto& [name, value] : response.headers) message.set(name, value);
    message.keep_alive(keep_alive);
    message.body() = std::move(response.body);
    message.prepare_payload();
    return message;
}

}  // namespace

struct HttpServer::State {
    class Connection;
    template <class Stream>
    class ConnectionOver;

    State(const HttpServerLimits& given_limits, Handle given_handle, const std::optional<HttpsOptions>& https)
        : limits(given_limits), handle(std::move(given_handle)), acceptor(*context), pause(*context) {
        if (!https) return;
        StreamOptions says;
        says.warn = https->warn;
        guard.emplace(says);
        tls.emplace(https->files, TlsContext::Role::kListens, [this](const std::string& line) { guard->refuse(line); });
    }

    void accept_next();
    void take(Tcp::socket socket);
    [[nodiscard]] std::size_t connections();
    void add(Connection& connection);
    void remove(Connection& connection);

    HttpServerLimits limits;
    Handle handle;
    std::optional<ConnectionGuard> guard;   ///< with TLS: says who was refused
    std::optional<FollowedTlsContext> tls;  ///< none: in the clear
    std::shared_ptr<net::io_context> context = std::make_shared<net::io_context>(1);
    std::optional<net::executor_work_guard<net::io_context::executor_type>> work{context->get_executor()};
    Tcp::acceptor acceptor;
    net::steady_timer pause;
    std::string address;
    bool closing = false;  ///< of the server's thread
    std::mutex mutex;
    std::condition_variable changed;
    std::set<Connection*> open;     ///< under `mutex`
    std::size_t being_handled = 0;  ///< under `mutex`
    std::thread thread;
};

/// One client. Everything but what `respond` starts with runs in the server's thread.
class HttpServer::State::Connection {
public:
    virtual ~Connection() = default;
    virtual void close_if_idle() = 0;
    virtual void close() = 0;
};

namespace {
using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;
}  // namespace

template <class Stream>
class HttpServer::State::ConnectionOver final : public Connection,
                                                public std::enable_shared_from_this<ConnectionOver<Stream>> {
public:
    ConnectionOver(State& state, Stream stream) : context_(state.context), state_(state), stream_(std::move(stream)) {
        state_.add(*this);
    }
    ~ConnectionOver() override { state_.remove(*this); }
    ConnectionOver(const ConnectionOver&) = delete;
    ConnectionOver& operator=(const ConnectionOver&) = delete;

    /// Both ends know each other before the first request, where there is TLS.
    void begin() {
        if constexpr (std::is_same_v<Stream, TlsStream>) {
            lowest().expires_after(state_.limits.header_time);
            stream_.async_handshake(net::ssl::stream_base::server, [self = this->shared_from_this()](auto problem) {
                if (problem) return self->tell_refused(problem);
                self->await_request();
            });
        } else {
            await_request();
        }
    }

    void await_request() {
        if (state_.closing) return;
        if (buffer_.size() > 0) return read_header();
        idle_ = true;
        lowest().expires_after(state_.limits.idle_time);
        stream_.async_read_some(buffer_.prepare(kFirstRead),
                                [self = this->shared_from_this()](auto problem, std::size_t n) {
                                    self->idle_ = false;
                                    if (problem) return;
                                    self->buffer_.commit(n);
                                    self->read_header();
                                });
    }

    void turn_away() { write(plain_error(503, "too many connections; try again later")); }

    void close_if_idle() override {
        if (idle_) close();
    }
    void close() override {
        beast::error_code ignored;
        lowest().socket().close(ignored);
    }

private:
    PlainStream& lowest() { return beast::get_lowest_layer(stream_); }

    void tell_refused(beast::error_code problem) {
        beast::error_code unknown;
        const Tcp::endpoint from = lowest().socket().remote_endpoint(unknown);
        state_.guard->refuse(fmt::format("an HTTPS connection from {} was refused: {}",
                                         unknown ? "somebody" : from.address().to_string(), problem.message()));
    }

    static constexpr std::size_t kFirstRead = 16 * 1024;

    void read_header() {
        parser_.emplace();
        parser_->header_limit(static_cast<std::uint32_t>(state_.limits.header_bytes));
        parser_->body_limit(static_cast<std::uint64_t>(state_.limits.body.value()));
        lowest().expires_after(state_.limits.header_time);
        http::async_read_header(stream_, buffer_, *parser_,
                                [self = this->shared_from_this()](auto problem, std::size_t) {
                                    if (problem) return self->refuse(problem);
                                    self->read_body();
                                });
    }

    void read_body() {
        lowest().expires_after(state_.limits.body_time);
        if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
            go_on_ = {http::status::continue_, parser_->get().version()};
            http::async_write(stream_, go_on_, [self = this->shared_from_this()](auto problem, std::size_t) {
                if (!problem) self->read_rest();
            });
            return;
        }
        read_rest();
    }

    void read_rest() {
        http::async_read(stream_, buffer_, *parser_, [self = this->shared_from_this()](auto problem, std::size_t) {
            if (problem) return self->refuse(problem);
            self->give_to_handler();
        });
    }

    void give_to_handler() {
        lowest().expires_never();
        auto message = parser_->release();
        version_ = message.version();
        keep_alive_ = message.keep_alive();
        head_only_ = message.method() == http::verb::head;
        {
            const std::lock_guard lock(state_.mutex);
            ++state_.being_handled;
        }
        state_.handle(taken(std::move(message)), [self = this->shared_from_this()](HttpServerResponse response) {
            State& state = self->state_;
            net::post(*state.context, [self, given = std::move(response)]() mutable { self->write(std::move(given)); });
            const std::lock_guard lock(state.mutex);
            --state.being_handled;
            state.changed.notify_all();
        });
    }

    void refuse(beast::error_code problem) {
        keep_alive_ = false;
        const bool gone = problem == http::error::end_of_stream || problem == http::error::partial_message;
        if (problem == http::error::body_limit) {
            write(plain_error(413, fmt::format("the body is larger than {} bytes", state_.limits.body.value())));
        } else if (problem == http::error::header_limit) {
            write(plain_error(431, fmt::format("the header is larger than {} bytes", state_.limits.header_bytes)));
        } else if (!gone && problem.category() == make_error_code(http::error::bad_method).category()) {
            write(plain_error(400, "this is no HTTP/1.1 request: " + problem.message()));
        }
    }

    void write(HttpServerResponse response) {
        const bool keep = keep_alive_ && !state_.closing;
        response_ = made(std::move(response), version_, keep);
        if (head_only_) response_.body().clear();
        lowest().expires_after(state_.limits.response_time);
        http::async_write(stream_, response_, [self = this->shared_from_this(), keep](auto problem, std::size_t) {
            self->response_ = {};
            if (problem) return;
            if (keep) return self->await_request();
            self->lowest().expires_after(kLinger);
            self->say_goodbye();
        });
    }

    void say_goodbye() {
        if constexpr (std::is_same_v<Stream, TlsStream>) {
            // Ends when the client has said so too, or after a while.
            stream_.async_shutdown([self = this->shared_from_this()](auto) {});
        } else {
            beast::error_code ignored;
            lowest().socket().shutdown(Tcp::socket::shutdown_send, ignored);
            discard();
        }
    }

    void discard() {
        buffer_.clear();
        stream_.async_read_some(buffer_.prepare(kFirstRead),
                                [self = this->shared_from_this()](auto problem, std::size_t) {
                                    if (!problem) self->discard();
                                });
    }

    std::shared_ptr<net::io_context> context_;  // the socket's, which may outlive the server in a handler's `respond`
    State& state_;
    Stream stream_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::empty_body> go_on_;
    http::response<http::string_body> response_;
    unsigned version_ = 11;
    bool keep_alive_ = false;
    bool head_only_ = false;
    bool idle_ = false;
};

void HttpServer::State::add(Connection& connection) {
    const std::lock_guard lock(mutex);
    open.insert(&connection);
}

void HttpServer::State::remove(Connection& connection) {
    const std::lock_guard lock(mutex);
    open.erase(&connection);
    changed.notify_all();
}

std::size_t HttpServer::State::connections() {
    const std::lock_guard lock(mutex);
    return open.size();
}

void HttpServer::State::take(Tcp::socket socket) {
    const std::size_t others = connections();
    if (others >= 2 * limits.connections) return;  // not even time to say why
    beast::error_code ignored;
    socket.set_option(Tcp::no_delay(true), ignored);
    const bool full = others >= limits.connections;
    if (tls) {
        if (full) return guard->refuse(fmt::format("an HTTPS connection was refused: {} are open", others));
        const std::shared_ptr<const TlsContext> current = tls->current();
        ::SSL_CTX_up_ref(current->native());
        net::ssl::context wrapped(
            current->native());  // frees its reference when it goes; the stream has one of its own
        std::make_shared<ConnectionOver<TlsStream>>(*this, TlsStream(PlainStream(std::move(socket)), wrapped))->begin();
        return;
    }
    const auto connection = std::make_shared<ConnectionOver<PlainStream>>(*this, PlainStream(std::move(socket)));
    if (full) {
        connection->turn_away();
    } else {
        connection->begin();
    }
}

void HttpServer::State::accept_next() {
    acceptor.async_accept([this](beast::error_code problem, Tcp::socket socket) {
        if (closing) return;
        if (problem) {
            // Out of descriptors, or a client that has gone again: neither is a reason to stop.
            pause.expires_after(kPauseWithoutDescriptors);
            pause.async_wait([this](beast::error_code stopped) {
                if (!stopped && !closing) accept_next();
            });
            return;
        }
        take(std::move(socket));
        accept_next();
    });
}

HttpServer::HttpServer(const std::string& address, const HttpServerLimits& limits, Handle handle,
                       const std::optional<HttpsOptions>& https)
    : state_(std::make_unique<State>(limits, std::move(handle), https)) {
    State& state = *state_;
    const Tcp::endpoint wanted = parse_address(address);
    try {
        state.acceptor.open(wanted.protocol());
        state.acceptor.set_option(net::socket_base::reuse_address(true));
        state.acceptor.bind(wanted);
        state.acceptor.listen();
    } catch (const boost::system::system_error& error) {
        throw EnvironmentError(fmt::format("cannot listen at {}: {}", address, error.code().message()),
                               "take another address, or port 0");
    }
    state.address =
        fmt::format("{}{}", address.substr(0, address.rfind(':') + 1), state.acceptor.local_endpoint().port());
    state.accept_next();
    state.thread = std::thread([&state] { state.context->run(); });
}

HttpServer::~HttpServer() {
    shut_down(Nanoseconds(0));
    State& state = *state_;
    std::unique_lock lock(state.mutex);
    state.changed.wait(lock, [&state] { return state.being_handled == 0; });
    lock.unlock();
    // Every operation of a connection then fails, which ends it; the thread ends when nothing is left to do.
    net::post(*state.context, [&state] {
        const std::lock_guard closing(state.mutex);
        for (State::Connection* connection : state.open) connection->close();
        state.work.reset();
    });
    state.thread.join();
    lock.lock();
    state.changed.wait(lock, [&state] { return state.open.empty(); });
}

const std::string& HttpServer::address() const { return state_->address; }

void HttpServer::shut_down(Nanoseconds patience) {
    State& state = *state_;
    net::post(*state.context, [&state] {
        if (state.closing) return;
        state.closing = true;
        beast::error_code ignored;
        state.acceptor.close(ignored);
        state.pause.cancel();
        const std::lock_guard lock(state.mutex);
        for (State::Connection* connection : state.open) connection->close_if_idle();
    });
    std::unique_lock lock(state.mutex);
    state.changed.wait_for(lock, patience, [&state] { return state.open.empty() && state.being_handled == 0; });
}

}  // namespace carbonedge
