#include "benchmarks/rapl/live_powercap.h"

#include "lib/base/errors.h"
#include "lib/measure/sensors/meter_clock.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <new>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace carbonedge::rapl {

/// The updates that came late, by time: a ring.
struct LivePowercap::Lateness {
    static constexpr std::size_t kKept = 4096;
    std::atomic<std::uint64_t> count = 0;
    std::atomic<std::uint64_t> ticks = 0;
    struct Update {
        std::atomic<std::int64_t> due;
        std::atomic<std::int64_t> done;
    };
    std::array<Update, kKept> updates;
};

namespace {

constexpr std::size_t kTextSize = 16;
constexpr long kTickNanoseconds = 1'000'000;
/// Registers are refreshed with some jitter; more than this is a held-up process.
constexpr std::int64_t kLate = 100'000;

/// Sixteen bytes at once where the processor can: a reader must not see half of the old and half of the new digits,
/// which a register never shows.
void store(void* place, const char* text) {
#if defined(__SSE2__)
    _mm_store_si128(static_cast<__m128i*>(place), _mm_loadu_si128(reinterpret_cast<const __m128i*>(text)));
#else
    std::memcpy(place, text, kTextSize);
#endif
}

[[noreturn]] void write_for_ever(void* place, int descriptor, const Rectangles& curve, Nanoseconds zero,
                                 std::uint64_t range, std::uint64_t first, const Disturbance& disturbance,
                                 LivePowercap::Lateness& lateness, pid_t parent, double watts_of_parent,
                                 const std::string& folder) {
    clockid_t parent_clock{};
    if (watts_of_parent > 0) {
        ::clock_getcpuclockid(parent, &parent_clock);
    } else {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    }
    double parent_cpu = 0;
    sched_param priority{};
    priority.sched_priority = 10;
    ::sched_setscheduler(0, SCHED_FIFO, &priority);  // where it is allowed: a counter is never late
    timespec tick{};
    ::clock_gettime(CLOCK_MONOTONIC, &tick);
    bool blank = false;
    while (true) {
        tick.tv_nsec += kTickNanoseconds;
        if (tick.tv_nsec >= 1'000'000'000) {
            tick.tv_nsec -= 1'000'000'000;
            ++tick.tv_sec;
        }
        ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &tick, nullptr);
        ++lateness.ticks;
        const Nanoseconds now = system_meter_clock().now();
        timespec plain{};
        ::clock_gettime(CLOCK_MONOTONIC, &plain);
        const std::int64_t late = (plain.tv_sec - tick.tv_sec) * 1'000'000'000 + plain.tv_nsec - tick.tv_nsec;
        if (late > kLate) {
            const std::uint64_t count = lateness.count.load();
            auto& update = lateness.updates[count % LivePowercap::Lateness::kKept];
            update.due = now.count() - late;
            update.done = now.count();
            lateness.count = count + 1;
        }
        const double time = to_seconds(now - zero).count();
        if (disturbance.freeze_every > 0 && std::fmod(time, disturbance.freeze_every) < disturbance.freeze_for)
            continue;
        const bool now_blank =
            disturbance.blank_every > 0 && std::fmod(time, disturbance.blank_every) < disturbance.blank_for;
        if (now_blank != blank) {
            blank = now_blank;
            if (::ftruncate(descriptor, blank ? 0 : static_cast<off_t>(kTextSize)) != 0) ::_exit(1);
        }
        if (blank) continue;  // a store behind the end of the file would be a bus error
        if (watts_of_parent > 0) {
            if (::getppid() != parent) {
                std::error_code ignored;
                std::filesystem::remove_all(folder, ignored);
                ::_exit(0);
            }
            timespec used{};
            if (::clock_gettime(parent_clock, &used) == 0) {
                parent_cpu = static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
            }
        }
        const auto microjoules = static_cast<std::uint64_t>((curve.energy(time) + watts_of_parent * parent_cpu) * 1e6);
        std::array<char, kTextSize + 8> text{};
        std::snprintf(text.data(), text.size(), "%015llu\n",
                      static_cast<unsigned long long>((first + microjoules) % range));
        store(place, text.data());
    }
}

void put(const std::string& path, const std::string& text) { std::ofstream(path) << text << "\n"; }

}  // namespace

LivePowercap::LivePowercap(const Rectangles& curve, std::uint64_t range, std::uint64_t first,
                           const Disturbance& disturbance)
    : curve_(curve) {
    start(range, first, disturbance, 0);
}

LivePowercap::LivePowercap(const Rectangles& curve, const FollowMe& follow) : curve_(curve), keeps_running_(true) {
    start(262'143'328'850, 1'000'000, {}, follow.watts);
}

void LivePowercap::start(std::uint64_t range, std::uint64_t first, const Disturbance& disturbance,
                         double watts_of_parent) {
    const bool in_memory = std::filesystem::is_directory("/dev/shm");
    folder_ = std::string(in_memory ? "/dev/shm" : "/tmp") + "/carbonedge-rapl-XXXXXX";
    if (::mkdtemp(folder_.data()) == nullptr) throw EnvironmentError("cannot make " + folder_, "free some space");
    const std::string zone = sys_root() + "/class/powercap/intel-rapl:0";
    std::filesystem::create_directories(zone);
    put(zone + "/name", "package-0");
    put(zone + "/max_energy_range_uj", std::to_string(range));
    const std::string counter = zone + "/energy_uj";
    const int descriptor = ::open(counter.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0 || ::ftruncate(descriptor, kTextSize) != 0) {
        throw EnvironmentError("cannot write " + counter, "free some space");
    }
    void* place = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (place == MAP_FAILED) throw EnvironmentError("cannot map " + counter, "free some memory");
    std::array<char, kTextSize + 8> text{};
    std::snprintf(text.data(), text.size(), "%015llu\n", static_cast<unsigned long long>(first % range));
    store(place, text.data());
    void* shared = ::mmap(nullptr, sizeof(Lateness), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) throw EnvironmentError("cannot map shared memory", "free some memory");
    lateness_ = new (shared) Lateness;
    zero_ = system_meter_clock().now();
    const pid_t parent = ::getpid();
    writer_ = ::fork();
    if (writer_ == 0) {
        write_for_ever(place, descriptor, curve_, zero_, range, first, disturbance, *lateness_, parent, watts_of_parent,
                       folder_);
    }
    ::munmap(place, 4096);
    ::close(descriptor);
    if (writer_ < 0) throw EnvironmentError("cannot start the writing process", "end some processes");
    while (lateness_->ticks < 5) system_meter_clock().pause(std::chrono::milliseconds(1));
}

LivePowercap::~LivePowercap() {
    if (keeps_running_) return;
    if (writer_ > 0) {
        ::kill(writer_, SIGKILL);
        ::waitpid(writer_, nullptr, 0);
    }
    ::munmap(lateness_, sizeof(Lateness));
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

double LivePowercap::truth(Nanoseconds begin, Nanoseconds end) const {
    return curve_.energy(to_seconds(end - zero_).count()) - curve_.energy(to_seconds(begin - zero_).count());
}

bool LivePowercap::was_punctual(Nanoseconds begin, Nanoseconds end) const {
    constexpr std::int64_t kAround = 2 * kTickNanoseconds;
    const std::uint64_t count = lateness_->count;
    for (std::uint64_t i = count > Lateness::kKept ? count - Lateness::kKept : 0; i < count; ++i) {
        const Lateness::Update& update = lateness_->updates[i % Lateness::kKept];
        for (const Nanoseconds moment : {begin, end}) {
            if (update.due - kAround <= moment.count() && moment.count() <= update.done + kAround) return false;
        }
    }
    return true;
}

}  // namespace carbonedge::rapl
