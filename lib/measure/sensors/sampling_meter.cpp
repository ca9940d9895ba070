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
        : meter_(std::move(meter)), interval_(interval), random_(seed) {}
    SamplingMeter(const SamplingMeter&) = delete;
    SamplingMeter& operator=(const SamplingMeter&) = delete;
    ~SamplingMeter() override { halt(); }

    [[nodiscard]] std::string name() const override { return meter_->name(); }
    [[nodiscard]] std::string boundary() const override { return meter_->boundary(); }
    [[nodiscard]] Nanoseconds update_period() const override { return meter_->update_period(); }
    [[nodiscard]] WindowDetail window_detail() const override { return meter_->window_detail(); }
    void sample() override { meter_->sample(); }

    void start() override {
        halt();
        meter_->start();
        const Nanoseconds gap = meter_->longest_gap();
        const Nanoseconds interval = interval_.count() > 0 ? interval_ : gap / 2;
        if (interval_.count() == 0 && gap == Nanoseconds::max()) return;
        leaving_ = false;
        sampler_ = std::thread([this, interval] { run(interval); });
    }

    EnergyResult stop() override {
        halt();
        return meter_->stop();
    }

private:
    std::unique_ptr<EnergyMeter> meter_;
    Nanoseconds interval_;
    std::mt19937_64 random_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool leaving_ = false;
    std::thread sampler_;

    void run(Nanoseconds interval) {
        std::uniform_real_distribution<double> jitter(0.8, 1.2);
        std::unique_lock lock(mutex_);
        while (true) {
            const auto pause = std::chrono::duration_cast<Nanoseconds>(interval * jitter(random_));
            if (wake_.wait_for(lock, pause, [this] { return leaving_; })) return;
            lock.unlock();
            meter_->sample();
            lock.lock();
        }
    }

    void halt() {
        if (!sampler_.joinable()) return;
        {
            const std::lock_guard lock(mutex_);
            leaving_ = true;
        }
        wake_.notify_all();
        sampler_.join();
    }
};

}  // namespace

std::unique_ptr<EnergyMeter> make_sampling_meter(std::unique_ptr<EnergyMeter> meter, Nanoseconds interval,
                                                 std::uint64_t seed) {
    return std::make_unique<SamplingMeter>(std::move(meter), interval, seed);
}

}  // namespace carbonedge
