#include "lib/runtime/grpc_log.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>

namespace carbonedge {
namespace {

/// A peer can make up words without end.
constexpr std::size_t kMostLines = 64;
constexpr std::size_t kLongestLine = 300;

/// gRPC takes a plain function, one for the process.
struct Listener {
    std::mutex mutex;
    std::function<void(const std::string&)> hear;
    std::set<std::string> said;
};
Listener& listener() {
    static auto* const one = new Listener;  // gRPC's threads may outlive whatever is destroyed at the end
    return *one;
}

void take(gpr_log_func_args* given) {
    if (given->severity != GPR_LOG_SEVERITY_ERROR) return;
    const std::string line = told_of_grpc(given->message);
    if (line.empty()) return;
    Listener& here = listener();
    const std::lock_guard lock(here.mutex);
    if (!here.hear || here.said.size() >= kMostLines || !here.said.insert(line).second) return;
    here.hear(line);
}

}  // namespace

std::string told_of_grpc(const std::string& message) {
    if (message.find("No match found for server name") != std::string::npos) return "";  // names are ours to check
    if (message.find("Handshake failed") != std::string::npos) {
        // "...: error:0A000086:SSL routines::certificate verify failed."
        const std::size_t colons = message.rfind("::");
        std::string reason = colons == std::string::npos ? message : message.substr(colons + 2);
        while (!reason.empty() && (reason.back() == '.' || reason.back() == '\n')) reason.pop_back();
        return fmt::format("a gRPC connection was refused: {}", reason.substr(0, kLongestLine));
    }
    return fmt::format("gRPC: {}", message.substr(0, kLongestLine));
}

GrpcLog::GrpcLog(std::function<void(const std::string&)> hear) {
    Listener& here = listener();
    {
        const std::lock_guard lock(here.mutex);
        here.hear = std::move(hear);
        here.said.clear();
    }
    gpr_set_log_function(take);
}

GrpcLog::~GrpcLog() {
    gpr_set_log_function(nullptr);
    Listener& here = listener();
    const std::lock_guard lock(here.mutex);
    here.hear = nullptr;
}

}  // namespace carbonedge
