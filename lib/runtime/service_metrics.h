#pragma once

#include "lib/partition/plan.h"
#include "lib/runtime/inference_backend.h"
#include "lib/runtime/run_account.h"

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace carbonedge {

/// What a service tells Prometheus. Thread-safe.
class ServiceMetrics {
public:
    /// What is asked for whenever somebody looks.
    struct Now {
        bool ready = false;
        std::size_t in_flight = 0;
        RunAccount::Sum account;  ///< since the run began, by the same account as the log's
    };

    ServiceMetrics(const Plan& plan, const std::string& engine, const std::string& meter);

    void call_ended(ClientProtocol protocol, InferenceResult result, Nanoseconds duration);
    /// The stages of a request that went through a pipeline.
    void request_answered(const RequestRecord& record);

    /// The text format, version 0.0.4. Counters never fall, not even where a node that ended has no clock any more.
    std::string text(const Now& now);

    /// Upper bounds of the latency histogram, in seconds.
    static constexpr std::array<double, 16> kBounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                    0.25,   0.5,   1,      2.5,   5,    10,    25,   60};

private:
    struct Histogram {
        std::array<std::uint64_t, kBounds.size()> at_most{};  ///< not cumulative
        std::uint64_t count = 0;
        double sum = 0;
    };
    struct NodeQueue {
        std::uint64_t stages = 0;
        Nanoseconds queue{0};
    };
    double not_falling(const std::string& series, double value);

    std::vector<std::pair<std::string, std::string>> plan_labels_;
    std::vector<std::vector<std::pair<std::string, std::string>>> stage_labels_;
    std::map<std::string, std::string> zones_;
    std::mutex mutex_;
    std::map<std::pair<ClientProtocol, InferenceResult>, std::uint64_t> calls_;
    std::map<ClientProtocol, Histogram> durations_;
    std::map<std::string, NodeQueue> queues_;
    std::map<std::string, double> highest_;
};

}  // namespace carbonedge
