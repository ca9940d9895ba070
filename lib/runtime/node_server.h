#pragma once

#include "lib/runtime/peer_security.h"
#include "lib/runtime/stage_runner.h"

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace carbonedge {

struct NodeOptions {
    std::string name;
    /// Private directory (mode 0700) for the node's two unix sockets, `NAME.tensors` and `NAME.control`, and for stage
    /// files on their way in.
    std::string directory;
    std::string listen = "127.0.0.1:0";  ///< Open Inference Protocol; loopback, port 0 takes a free one
    std::string control;    ///< where its control service is answered besides, "0.0.0.0:7001"; "" for nowhere else
    std::string tensors;    ///< where it takes tensors, as listen_for_frames() has it; "" for `NAME.tensors`
    PeerSecurity security;  ///< of `control` and `tensors`
    Bytes longest_message{64 * 1024 * 1024};  ///< tensors of one request
    int threads = 1;                          ///< of the model; says which clock its CPU time is read from
    std::size_t longest_queue = 64;           ///< requests waiting for the model thread
    Nanoseconds send_timeout{std::chrono::seconds(30)};
    Nanoseconds inference_timeout{std::chrono::seconds(30)};  ///< of a foreign client's ModelInfer
    std::function<void(const std::string&)> warn;             ///< one line about a frame that could not be handled
};

/// One node: takes stages, receives tensors, runs, sends on. See docs/runtime.md.
class NodeServer {
public:
    /// Listens when it returns. Throws EnvironmentError, UsageError (an address that is not loopback).
    NodeServer(NodeOptions options, StageLoader& loader);
    ~NodeServer();
    NodeServer(const NodeServer&) = delete;
    NodeServer& operator=(const NodeServer&) = delete;

    [[nodiscard]] const std::string& inference_address() const;  ///< "127.0.0.1:41873"
    [[nodiscard]] const std::string& tensors_address() const;    ///< as connect_frames() takes it
    [[nodiscard]] const std::string& control_path() const;
    [[nodiscard]] const std::string& control_address() const;  ///< beside the path; "" for none

    /// Returns after a Shutdown call or when `stop` is requested.
    void wait(const std::stop_token& stop);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace carbonedge
