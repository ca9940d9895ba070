#pragma once

#include <stop_token>

namespace carbonedge {

/// Requested as soon as one of two is.
class EitherStop {
public:
    EitherStop(const std::stop_token& one, const std::stop_token& other)
        : one_(one, Forward{&both_}), other_(other, Forward{&both_}) {}

    [[nodiscard]] std::stop_token token() const { return both_.get_token(); }

private:
    struct Forward {
        std::stop_source* both;
        void operator()() const { both->request_stop(); }
    };

    std::stop_source both_;
    std::stop_callback<Forward> one_;
    std::stop_callback<Forward> other_;
};

}  // namespace carbonedge
