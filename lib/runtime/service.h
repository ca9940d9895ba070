#pragma once

#include "lib/runtime/engine.h"
#include "lib/runtime/gateway_server.h"
#include "lib/runtime/run_account.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace carbonedge {

struct ServiceOptions {
    ServiceAddresses addresses;
    std::size_t most_in_flight = 64;  ///< requests of clients; more are refused
    Nanoseconds drain_timeout{std::chrono::seconds(10)};
    PeerSecurity security{};             ///< with certificates, addresses may be other than local
    std::int64_t most_logged = 100'000;  ///< requests of clients in the log; what comes after them is only counted

    std::stop_token at_once;  ///< a second request to stop: nothing is awaited any more

    [[nodiscard]] bool wanted() const { return !addresses.grpc.empty() || !addresses.http.empty(); }
};

struct ServiceOutcome {
    std::int64_t succeeded = 0;  ///< of what clients sent into the pipelines
    std::int64_t failed = 0;
    std::int64_t unlogged = 0;        ///< of both
    std::int64_t unanswered = 0;      ///< still in flight when the patience of the drain was over
    bool at_once = false;             ///< a second request to stop came
    std::optional<std::string> died;  ///< which node ended, and how: why the service ended
};

/// What a service works with; all of it outlives the service.
struct ServiceContext {
    const Plan& plan;
    Engine& engine;
    LoadGenerator::Routing routing;
    RunAccount& account;
    std::string meter;
    Nanoseconds run_start{0};        ///< arrivals in the log count from here
    std::int64_t first_request = 0;  ///< ids in the log count from here
    std::function<void(const std::string& line)> log;
    std::function<void(const std::string& note)> note;
};

/// Serves until `stop`, then drains: is not ready any more, refuses new requests, and answers those in flight for
/// `drain_timeout`, or until `at_once`. What is then left fails. Ends early where the engine cannot go on. Throws what
/// writing the log threw, after the service has ended: a full disk ends the log, not the service.
ServiceOutcome serve_plan(const ServiceContext& context, const ServiceOptions& options, const std::stop_token& stop);

}  // namespace carbonedge
