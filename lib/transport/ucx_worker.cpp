#include "lib/transport/ucx_worker.h"

#include "lib/base/errors.h"
#include "lib/transport/clocks.h"
#include "lib/transport/shared_wait.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <ucp/api/ucp.h>
#include <ucs/debug/log_def.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

namespace carbonedge {
namespace {

/// As AdaptiveWait does it: below the shortest a look at the clock costs more than it brings.
constexpr Nanoseconds kShortestSpin{1'000};
constexpr int kSleepsBetweenTries = 256;

[[noreturn]] void fail(const char* what, int status) {
    throw EnvironmentError(fmt::format("{}: {}", what, ucx_problem(status)),
                           "see what UCX says with UCX_LOG_LEVEL=info UCX_LOG_FILE=stderr");
}

/// UCX writes warnings and errors to standard output. What fails is reported by us; who asks UCX for more gets it.
ucs_log_func_rc_t keep_quiet(const char* /*file*/, unsigned /*line*/, const char* /*function*/,
                             ucs_log_level_t /*level*/, const ucs_log_component_config_t* component,
                             const char* /*message*/, va_list /*values*/) {
    return component != nullptr && component->log_level > UCS_LOG_LEVEL_WARN ? UCS_LOG_FUNC_RC_CONTINUE
                                                                             : UCS_LOG_FUNC_RC_STOP;
}

ucp_context_h new_context(UcxScope scope) {
    static std::once_flag quiet;
    std::call_once(quiet, [] { ucs_log_push_handler(keep_quiet); });
    ucp_config_t* config = nullptr;
    ucs_status_t status = ucp_config_read(nullptr, nullptr, &config);
    if (status != UCS_OK) fail("cannot read UCX's settings", status);
    if (scope == UcxScope::kLoopback) {
        status = ucp_config_modify(config, "NET_DEVICES", "lo");
        // Through shared memory one copy more is cheaper than asking the receiver first; UCX's own 8 kB are not.
        if (status == UCS_OK) status = ucp_config_modify(config, "RNDV_THRESH", "128k");
    }
    ucp_context_h context = nullptr;
    if (status == UCS_OK) {
        ucp_params_t params{};
        params.field_mask = UCP_PARAM_FIELD_FEATURES | UCP_PARAM_FIELD_MT_WORKERS_SHARED;
        params.features = UCP_FEATURE_TAG | UCP_FEATURE_WAKEUP;
        params.mt_workers_shared = 1;
        status = ucp_init(&params, config, &context);
    }
    ucp_config_release(config);
    if (status != UCS_OK) fail("cannot start UCX", status);
    return context;
}

/// Never cleaned up: a stream may outlive whatever is destroyed when a process ends.
ucp_context_h context_for(UcxScope scope) {
    if (scope == UcxScope::kLoopback) {
        static const ucp_context_h context = new_context(scope);
        return context;
    }
    static const ucp_context_h context = new_context(scope);
    return context;
}

}  // namespace

std::string ucx_problem(int status) { return ucs_status_string(static_cast<ucs_status_t>(status)); }

UcxWorker::UcxWorker(UcxScope scope) : spin_(AdaptiveWait::kLongestSpin) {
    const ucp_context_h context = context_for(scope);
    waking_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
    if (waking_ < 0) {
        throw EnvironmentError(fmt::format("cannot wait for UCX: {}", std::strerror(errno)),
                               "raise the limit of open files (ulimit -n)");
    }
    ucp_worker_params_t params{};
    params.field_mask = UCP_WORKER_PARAM_FIELD_THREAD_MODE;
    params.thread_mode = UCS_THREAD_MODE_SERIALIZED;
    ucs_status_t status = ucp_worker_create(context, &params, &worker_);
    if (status == UCS_OK) {
        status = ucp_worker_get_efd(worker_, &event_);
        if (status != UCS_OK) ucp_worker_destroy(worker_);
    }
    if (status != UCS_OK) {
        ::close(waking_);
        fail("cannot use UCX", status);
    }
}

UcxWorker::~UcxWorker() {
    if (worker_ != nullptr) ucp_worker_destroy(worker_);
    ::close(waking_);
}

void UcxWorker::move() {
    bool moved = false;
    while (ucp_worker_progress(worker_) != 0) moved = true;
    if (!moved) return;
    // One who sleeps is not woken by what has been taken off his event already.
    for (const Done* done : asleep_) {
        if ((*done)()) ::eventfd_write(waking_, 1);
    }
}

bool UcxWorker::wait_until(const Done& done, Nanoseconds deadline) {
    std::unique_lock lock(mutex_);
    move();
    if (done()) return true;
    const Nanoseconds start = now_monotonic();
    const bool spins = spin_ >= kShortestSpin;
    bool slept = false;
    bool was_woken = false;
    while (!ended_.load()) {
        const Nanoseconds now = now_monotonic();
        if (deadline > Nanoseconds(0) && now >= deadline) return false;
        if (spins && now - start < spin_) {
            lock.unlock();  // another may want to send
            lock.lock();
        } else if (ucp_worker_arm(worker_) == UCS_OK) {  // else events are left
            slept = true;
            const auto place = asleep_.insert(asleep_.end(), &done);
            lock.unlock();
            const auto wanted = static_cast<short>(reads_.load() ? POLLIN | POLLRDHUP : POLLRDHUP);
            std::array<pollfd, 3> events{pollfd{event_, POLLIN, 0}, pollfd{waking_, POLLIN, 0},
                                         pollfd{hung_up_.load() ? -1 : socket_.load(), wanted, 0}};
            timespec left{};
            if (deadline > Nanoseconds(0)) {
                left.tv_sec = static_cast<time_t>((deadline - now).count() / 1'000'000'000);
                left.tv_nsec = static_cast<long>((deadline - now).count() % 1'000'000'000);
            }
            ::ppoll(events.data(), events.size(), deadline > Nanoseconds(0) ? &left : nullptr, nullptr);
            lock.lock();
            asleep_.erase(place);
            was_woken = events[1].revents != 0;
            if ((events[2].revents & ~POLLIN) != 0) hung_up_.store(true);
        }
        move();
        if (done()) {
            // What was meant for another is left to him, and the end is for everybody.
            eventfd_t woken = 0;
            if (was_woken && !ended_.load()) ::eventfd_read(waking_, &woken);
            break;
        }
    }
    // Looking in vain halves the time of the next look, so that messages far apart cost nothing; see AdaptiveWait.
    if (!slept) {
        spin_ = AdaptiveWait::kLongestSpin;
    } else if (spins) {
        spin_ /= 2;
        sleeps_ = 0;
    } else if (++sleeps_ == kSleepsBetweenTries) {
        spin_ = AdaptiveWait::kLongestSpin;
        sleeps_ = 0;
    }
    return done();
}

bool UcxWorker::progress() {
    const std::lock_guard lock(mutex_);
    move();
    return ucp_worker_arm(worker_) == UCS_OK;
}

void UcxWorker::watch(int socket, bool reads) {
    socket_.store(socket);
    reads_.store(reads);
}

bool UcxWorker::look_for_end() {
    pollfd end{socket_.load(), POLLRDHUP, 0};
    if (!hung_up_.load() && ::poll(&end, 1, 0) > 0) hung_up_.store(true);
    return hung_up_.load();
}

void UcxWorker::end() {
    ended_.store(true);
    ::eventfd_write(waking_, 1);
}

void UcxWorker::resume() {
    ended_.store(false);
    eventfd_t woken = 0;
    while (::eventfd_read(waking_, &woken) == 0) {
    }
}

}  // namespace carbonedge
