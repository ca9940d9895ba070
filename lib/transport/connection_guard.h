#pragma once

#include "lib/transport/descriptor.h"
#include "lib/transport/frame_stream.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace carbonedge {

/// What a listener lets in and what it says about the rest: bounds the connections that are open at a time, and says
/// each different line once, so that a peer that tries for ever fills no log. Thread-safe.
class ConnectionGuard {
public:
    explicit ConnectionGuard(const StreamOptions& options)
        : most_(options.most_connections), warn_(options.warn), open_(std::make_shared<std::atomic<std::size_t>>(0)) {}

    /// A place for one connection, until it is destroyed; null where all are taken.
    using Place = std::shared_ptr<const void>;
    Place take_place();

    void refuse(const std::string& line);
    /// What refuse() is given where no place is left.
    [[nodiscard]] std::string full_line() const;

    /// The next connection of a listening socket with a place for it, close-on-exec; nothing once the socket is shut
    /// down. Connections beyond the bound are closed; what else the kernel says is outlasted. Where the socket does not
    /// block and nobody is there, `socket` is not open.
    struct Accepted {
        Descriptor socket;
        Place place;
    };
    std::optional<Accepted> accept(const Descriptor& listening);

private:
    std::size_t most_;
    std::function<void(const std::string&)> warn_;
    std::shared_ptr<std::atomic<std::size_t>> open_;
    std::mutex mutex_;
    std::set<std::string> said_;
};

}  // namespace carbonedge
