#include "lib/transport/http_server.h"

#include "lib/base/errors.h"
#include "tests/unit/transport/http_probe.h"

#include <doctest/doctest.h>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

namespace carbonedge {
namespace {

/// Answers what it was asked with what it understood.
HttpServerResponse echo(const HttpServerRequest& request) {
    HttpServerResponse response;
    response.content_type = "text/plain";
    response.headers.emplace_back("X-Seen", request.headers.contains("x-word") ? request.headers.at("x-word") : "");
    response.body = request.method + " " + request.target + " " + request.body;
    return response;
}

HttpServer::Handle echoing() {
    return [](const HttpServerRequest& request, const HttpServer::Respond& respond) { respond(echo(request)); };
}

TEST_CASE("what is no request, or too much of one, is refused in HTTP") {
    HttpServerLimits limits;
    limits.header_bytes = 512;
    limits.body = Bytes(100);
    const HttpServer server("127.0.0.1:0", limits, echoing());
    struct Case {
        const char* what;
        std::string sent;
        const char* status;
    };
    const std::vector<Case> cases = {
        {"a plain request", "GET /a?b=c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200"},
        {"an old one", "GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 200"},
        {"a body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc", "HTTP/1.1 200"},
        {"a body in chunks",
         "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
         "HTTP/1.1 200"},
        {"no HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "HTTP/1.1 400"},
        {"no version", "GET /\r\n\r\n", "HTTP/1.1 400"},
        {"a length that is none", "POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", "HTTP/1.1 400"},
        {"a long header", "GET / HTTP/1.1\r\nX: " + std::string(2000, 'x') + "\r\n\r\n", "HTTP/1.1 431"},
        {"a long body announced", "POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n", "HTTP/1.1 413"},
        {"a huge one", "POST / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n", "HTTP/1.1 413"},
        {"a long one in chunks",
         "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nc8\r\n" + std::string(200, 'x') + "\r\n0\r\n\r\n",
         "HTTP/1.1 413"},
    };
    for (const Case& each : cases) {
        CAPTURE(each.what);
        HttpProbe client(server.address());
        client.send(each.sent);
        CHECK(client.read_to_end().starts_with(each.status));
    }
}

TEST_CASE("a connection is kept from request to request, and pipelined requests are answered in order") {
    const HttpServer server("127.0.0.1:0", {}, echoing());
    HttpProbe client(server.address());
    for (int i = 0; i < 3; ++i) {
        client.send("POST /" + std::to_string(i) +
                    " HTTP/1.1\r\nHost: x\r\nX-Word: seen\r\nContent-Length: 2\r\n\r\nhi");
        const HttpProbe::Message answer = client.read();
        CHECK(answer.head.starts_with("HTTP/1.1 200"));
        CHECK(answer.head.find("X-Seen: seen\r\n") != std::string::npos);
        CHECK(answer.body == "POST /" + std::to_string(i) + " hi");
    }
    client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(client.read().body == "GET /a ");
    CHECK(client.read().body == "GET /b ");
    client.send("HEAD /h HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string answer = client.read_to_end();
    CHECK(answer.find("Content-Length: 8\r\n") != std::string::npos);
    CHECK(answer.ends_with("\r\n\r\n"));
}

TEST_CASE("a client that waits for it is told to go on") {
    const HttpServer server("127.0.0.1:0", {}, echoing());
    HttpProbe client(server.address());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n");
    CHECK(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 100 Continue\r\n"));
    client.send("body");
    CHECK(client.read_to_end().ends_with("POST / body"));
}

TEST_CASE("clients that are slow are cut off, and hold up nobody meanwhile") {
    HttpServerLimits limits;
    limits.header_time = std::chrono::milliseconds(50);
    limits.body_time = std::chrono::milliseconds(50);
    limits.idle_time = std::chrono::milliseconds(50);
    const HttpServer server("127.0.0.1:0", limits, echoing());
    HttpProbe silent(server.address());
    HttpProbe half_a_header(server.address());
    half_a_header.send("GET / HTTP/1.1\r\nHo");
    HttpProbe half_a_body(server.address());
    half_a_body.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
    HttpProbe quick(server.address());
    quick.send("GET /q HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    CHECK(quick.read_to_end().ends_with("GET /q "));
    CHECK(silent.read_to_end().empty());
    CHECK(half_a_header.read_to_end().empty());
    CHECK(half_a_body.read_to_end().empty());
}

TEST_CASE("more connections than allowed are told so, and there is room again when one goes") {
    HttpServerLimits limits;
    limits.connections = 2;
    const HttpServer server("127.0.0.1:0", limits, echoing());
    auto first = std::make_unique<HttpProbe>(server.address());
    HttpProbe second(server.address());
    for (HttpProbe* client : {first.get(), &second}) {
        client->send("GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
        CHECK(client->read().body == "GET /x ");
    }
    {
        HttpProbe third(server.address());
        CHECK(third.read_to_end().starts_with("HTTP/1.1 503"));
    }
    first.reset();
    std::string answer;
    for (int attempt = 0; attempt < 1000 && !answer.starts_with("HTTP/1.1 200"); ++attempt) {
        HttpProbe again(server.address());
        again.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        answer = again.read_to_end();
    }
    CHECK(answer.starts_with("HTTP/1.1 200"));
}

/// Keeps what it is given, for the test to answer.
struct Held {
    std::mutex mutex;
    std::promise<void> came;
    HttpServer::Respond respond;
    HttpServer::Handle handle() {
        return [this](const HttpServerRequest&, const HttpServer::Respond& given) {
            respond = given;
            came.set_value();
        };
    }
};

TEST_CASE("a request that is being worked on is answered while the server shuts down, an idle client is let go") {
    Held held;
    HttpServer server("127.0.0.1:0", {}, held.handle());
    HttpProbe idle(server.address());
    HttpProbe busy(server.address());
    busy.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    held.came.get_future().wait();
    std::thread ending([&server] { server.shut_down(std::chrono::seconds(30)); });
    CHECK(idle.read_to_end().empty());
    HttpServerResponse response;
    response.body = "late";
    held.respond(response);
    held.respond = nullptr;
    const std::string answer = busy.read_to_end();
    CHECK(answer.ends_with("late"));
    CHECK(answer.find("Connection: close") != std::string::npos);
    ending.join();
}

TEST_CASE("a server that goes waits for the answer it owes, though its client has gone") {
    Held held;
    std::thread answering;
    {
        const HttpServer server("127.0.0.1:0", {}, held.handle());
        {
            HttpProbe client(server.address());
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            held.came.get_future().wait();
        }
        answering = std::thread([respond = std::move(held.respond)] { respond({}); });
    }
    answering.join();
}

TEST_CASE("addresses that are none are refused") {
    for (const char* address : {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
                                "example.org:80", "127.0.0.1:-1"}) {
        CAPTURE(address);
        CHECK_THROWS_AS(HttpServer(address, {}, echoing()), UsageError);
    }
    const HttpServer server("localhost:0", {}, echoing());
    CHECK_THROWS_AS(HttpServer("127.0.0.1" + server.address().substr(server.address().rfind(':')), {}, echoing()),
                    EnvironmentError);
}

}  // namespace
}  // namespace carbonedge
