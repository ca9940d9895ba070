#include "lib/measure/sensors/sampling_meter.h"

#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

namespace carbonedge {
namespace {

class SamplingMeter : public EnergyMeter {
public:
    SamplingMeter(std::unique_ptr<EnergyMeter> meter, Nanoseconds interval, std::uint64_t seed)
        : meter_(std::move(meter)), interval_(interval), random_(seed) {
        const Nanoseconds gap = meter_->longest_gap();
        if (interval_.count() <= 0 && gap != Nanoseconds::max()) interval_ = gap / 2;
        if (interval_.count() > 0) sampler_ = std::thread([this] { run(); });
    }
    SamplingMeter(const SamplingMeter&) = delete;
    SamplingMeter& operator=(const SamplingMeter&) = delete;
    ~SamplingMeter() override {
        if (!sampler_.joinable()) return;
        set(State::kLeaving);
        sampler_.join();
    }

    [[nodiscard]] std::string name() const override { return meter_->name(); }
    [[nodiscard]] std::string boundary() const override { return meter_->boundary(); }
    [[nodiscard]] Nanoseconds update_period() const override { return meter_->update_period(); }
    [[nodiscard]] WindowDetail window_detail() const override { return meter_->window_detail(); }
    void sample() override { meter_->sample(); }

    // Nothing stands between the caller and the inner meter's start and stop: the thread is there already, and a look
    // that it takes before or after the window is one that the inner meter ignores.
    void start() override {
        set(State::kSampling);
        meter_->start();
    }

    EnergyResult stop() override {
        EnergyResult result = meter_->stop();
        set(State::kResting);
        return result;
    }

private:
    enum class State { kResting, kSampling, kLeaving };
    std::unique_ptr<EnergyMeter> meter_;
    Nanoseconds interval_;
    std::mt19937_64 random_;
    std::mutex mutex_;
    std::condition_variable changed_;
    State state_ = State::kResting;
    std::thread sampler_;

    void set(State state) {
        {
            const std::lock_guard lock(mutex_);
            if (state_ == state) return;
            state_ = state;
        }
        changed_.notify_all();
    }

    void run() {
        std::uniform_real_distribution<double> jitter(0.8, 1.2);
        std::unique_lock lock(mutex_);
        while (state_ != State::kLeaving) {
            if (state_ == State::kResting) {
                changed_.wait(lock, [this] { return state_ != State::kResting; });
                continue;
            }
            const auto pause = std::chrono::duration_cast<Nanoseconds>(interval_ * jitter(random_));
            if (changed_.wait_for(lock, pause, [this] { return state_ != State::kSampling; })) continue;
            lock.unlock();
            meter_->sample();
            lock.lock();
        }
    }
};

}  // namespace

std::unique_ptr<EnergyMeter> make_sampling_meter(std::unique_ptr<EnergyMeter> meter, Nanoseconds interval,
                                                 std::uint64_t seed) {
    return std::make_unique<SamplingMeter>(std::move(meter), interval, seed);
}

}  // namespace carbonedge
