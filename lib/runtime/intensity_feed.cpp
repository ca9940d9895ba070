#include "lib/runtime/intensity_feed.h"

#include "lib/base/errors.h"
#include "lib/transport/clocks.h"

#include <algorithm>
#include <condition_variable>
#include <set>

namespace carbonedge {

IntensityFeed::IntensityFeed(std::unique_ptr<ZoneIntensities> intensities, FeedClock clock)
    : intensities_(std::move(intensities)), clock_(clock), values_(intensities_->at(clock.from)) {}

void IntensityFeed::start(OnChange on_change, OnProblem on_problem) {
    thread_ = std::jthread([this, change = std::move(on_change), problem = std::move(on_problem)](
                               const std::stop_token& stop) { follow(stop, change, problem); });
}

void IntensityFeed::stop() {
    thread_.request_stop();
    intensities_->interrupt();
    if (thread_.joinable()) thread_.join();
}

void IntensityFeed::follow(const std::stop_token& stop, const OnChange& on_change, const OnProblem& on_problem) {
    const Nanoseconds started = now_monotonic();
    std::mutex mutex;
    std::condition_variable_any never;
    UtcSeconds time = clock_.from;
    std::set<std::string> told;  // a problem that lasts is told once
    while (!stop.stop_requested()) {
        const std::optional<UtcSeconds> next = intensities_->next_change(time);
        if (!next) return;
        time = *next;
        const Seconds ahead((static_cast<double>((time - clock_.from).count())) / clock_.speed);
        std::unique_lock lock(mutex);
        never.wait_until(lock, stop, std::chrono::steady_clock::time_point(started + to_nanoseconds(ahead)),
                         [] { return false; });
        if (stop.stop_requested()) return;
        std::set<std::string> problems;
        try {
            std::vector<ZoneIntensity> values = intensities_->at(time);
            std::vector<ZoneIntensity> changed;
            for (std::size_t i = 0; i < values.size(); ++i) {
                if (values[i].intensity != values_[i].intensity) changed.push_back(values[i]);
            }
            values_ = std::move(values);
            for (std::string& problem : intensities_->problems()) problems.insert(std::move(problem));
            if (!changed.empty()) on_change(time, changed);
        } catch (const Interrupted&) {
            return;
        } catch (const std::exception& error) {
            problems.insert(error.what());
        }
        for (const std::string& problem : problems) {
            if (!told.contains(problem)) on_problem(problem);
        }
        told = std::move(problems);
    }
}

}  // namespace carbonedge
