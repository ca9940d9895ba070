#include "lib/runtime/answer_order.h"

#include <utility>

namespace carbonedge {

void AnswerOrder::put(std::int64_t number, HandOver hand_over) {
    std::unique_lock lock(mutex_);
    held_.emplace(number, std::move(hand_over));
    if (handing_over_) return;  // that thread sees what was just put
    handing_over_ = true;
    while (!held_.empty() && held_.begin()->first == next_) {
        const HandOver next = std::move(held_.begin()->second);
        held_.erase(held_.begin());
        ++next_;
        lock.unlock();
        next();
        lock.lock();
    }
    handing_over_ = false;
}

}  // namespace carbonedge
