#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

namespace carbonedge {

/// Hands over things that come in any order in the order of their numbers, 0, 1, 2, ... Every number comes once.
/// Thread-safe: one thread at a time hands over, whoever closes a gap.
class AnswerOrder {
public:
    using HandOver = std::function<void()>;

    void put(std::int64_t number, HandOver hand_over);

private:
    std::mutex mutex_;
    std::map<std::int64_t, HandOver> held_;
    std::int64_t next_ = 0;
    bool handing_over_ = false;
};

}  // namespace carbonedge
