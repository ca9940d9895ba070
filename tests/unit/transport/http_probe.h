#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>

namespace carbonedge {

/// A client that sends bytes as they are and reads what comes, by "HOST:PORT" of this machine.
class HttpProbe {
public:
    explicit HttpProbe(const std::string& address) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(address.substr(address.rfind(':') + 1).c_str())));
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
            throw std::runtime_error("cannot connect to " + address);
        }
    }
    ~HttpProbe() { ::close(socket_); }
    HttpProbe(const HttpProbe&) = delete;
    HttpProbe& operator=(const HttpProbe&) = delete;

    /// What the server does not want any more is dropped.
    void send(const std::string& bytes) {
        std::size_t sent = 0;
        while (sent < bytes.size()) {
            const ssize_t n = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
            if (n <= 0) return;
            sent += static_cast<std::size_t>(n);
        }
    }

    /// Until the server closes.
    std::string read_to_end() {
        while (more()) {
        }
        return std::exchange(received_, "");
    }
    std::string read_until(const std::string& mark) {
        while (received_.find(mark) == std::string::npos && more()) {
        }
        const std::size_t end = received_.find(mark);
        if (end == std::string::npos) return std::exchange(received_, "");
        const std::string text = received_.substr(0, end + mark.size());
        received_.erase(0, end + mark.size());
        return text;
    }

    struct Message {
        std::string head;
        std::string body;
    };
    /// One response with a Content-Length.
    Message read() {
        Message message{read_until("\r\n\r\n"), ""};
        const std::size_t at = message.head.find("Content-Length: ");
        const std::size_t length = at == std::string::npos ? 0 : std::stoul(message.head.substr(at + 16));
        while (received_.size() < length && more()) {
        }
        message.body = received_.substr(0, length);
        received_.erase(0, length);
        return message;
    }

private:
    bool more() {
        char bytes[4096];
        const ssize_t n = ::recv(socket_, bytes, sizeof bytes, 0);
        if (n <= 0) return false;
        received_.append(bytes, static_cast<std::size_t>(n));
        return true;
    }

    int socket_;
    std::string received_;
};

}  // namespace carbonedge
