#include "lib/runtime/service.h"

#include "lib/runlog/run_log_file.h"
#include "lib/runtime/intensity_follower.h"
#include "lib/runtime/service_metrics.h"
#include "lib/transport/clocks.h"

#include <fmt/format.h>
#include <exception>
#include <mutex>

namespace carbonedge {
namespace {

/// The pipeline's ends under the names that a user knows: those of the profile, else by position.
ServedModel served_model(const Plan& plan, const Engine& engine) {
    ServedModel model{plan.name, "carbonedge_pipeline", engine.input_specs(), engine.output_specs()};
    const std::vector<std::string>& described = plan.profiles.at(0).inputs;
    for (std::size_t i = 0; i < model.inputs.size(); ++i) {
        const std::string name = i < described.size() ? parse_input_spec(described[i]).name : "";
        model.inputs[i].name = name.empty() ? fmt::format("input_{}", i) : name;
    }
    for (std::size_t i = 0; i < model.outputs.size(); ++i) model.outputs[i].name = fmt::format("output_{}", i);
    return model;
}

/// Counts and logs what clients sent into the pipelines.
class ServedRequests {
public:
    ServedRequests(const ServiceContext& context, std::int64_t most_logged)
        : context_(context), most_logged_(most_logged), next_(context.first_request) {}

    void add(RequestRecord record, ClientProtocol protocol) {
        const std::lock_guard lock(mutex_);
        record.id = next_++;
        record.arrival -= context_.run_start;
        record.client = client_protocol_name(protocol);
        ++(record.ok ? outcome_.succeeded : outcome_.failed);
        if (record.ok) context_.account.add(record);
        if (problem_ || record.id - context_.first_request >= most_logged_) {
            ++outcome_.unlogged;
            return;
        }
        try {
            context_.log(request_line(record));
        } catch (const std::exception& error) {
            problem_ = std::current_exception();
            ++outcome_.unlogged;
            if (context_.note) context_.note(fmt::format("the log ends here, serving goes on: {}", error.what()));
        }
    }

    ServiceOutcome outcome() {
        const std::lock_guard lock(mutex_);
        return outcome_;
    }
    void rethrow_log_problem() {
        const std::lock_guard lock(mutex_);
        if (problem_) std::rethrow_exception(problem_);
    }

private:
    const ServiceContext& context_;
    std::int64_t most_logged_;
    std::mutex mutex_;
    std::int64_t next_;
    ServiceOutcome outcome_;
    std::exception_ptr problem_;
};

void tell(const ServiceContext& context, const ServiceAddresses& addresses, bool https) {
    if (!context.note) return;
    if (!addresses.grpc.empty()) context.note(fmt::format("serving '{}' at {}", context.plan.name, addresses.grpc));
    if (!addresses.http.empty()) {
        context.note(fmt::format("serving '{}' and /metrics at {}://{}", context.plan.name, https ? "https" : "http",
                                 addresses.http));
    }
}

}  // namespace

ServiceOutcome serve_plan(const ServiceContext& context, const ServiceOptions& options, const std::stop_token& stop) {
    ServedRequests requests(context, options.most_logged);
    ServiceMetrics metrics(context.plan, context.engine.name(), context.meter);
    ServiceOutcome ending;
    {
        const GatewayServer* serving = nullptr;
        std::mutex serving_mutex;
        GatewayServer::Observers observers;
        observers.answered = [&](const RequestRecord& record, ClientProtocol protocol) {
            metrics.request_answered(record);
            requests.add(record, protocol);
        };
        observers.ended = [&](ClientProtocol protocol, InferenceResult result, Nanoseconds duration) {
            metrics.call_ended(protocol, result, duration);
        };
        observers.metrics = [&] {
            ServiceMetrics::Now now;
            {
                const std::lock_guard lock(serving_mutex);
                now.ready = serving != nullptr && serving->ready();
                now.in_flight = serving != nullptr ? serving->in_flight() : 0;
            }
            now.account = context.account.so_far(usage_of_nodes(context.engine), now_monotonic());
            return metrics.text(now);
        };
        GatewayServer server(context.engine.gateway(), served_model(context.plan, context.engine), context.routing,
                             options.addresses, options.most_in_flight, std::move(observers),
                             {options.security, context.note});
        {
            const std::lock_guard lock(serving_mutex);
            serving = &server;
        }
        tell(context, server.addresses(), server.https());
        context.engine.wait_for_failure(stop);
        ending.died = context.engine.failure();
        const std::size_t left = server.drain(ending.died ? Nanoseconds(0) : options.drain_timeout, options.at_once);
        ending.unanswered = static_cast<std::int64_t>(left);
        ending.at_once = options.at_once.stop_requested();
        if (left > 0) context.engine.gateway().fail_all("the server has ended");
    }
    requests.rethrow_log_problem();
    const ServiceOutcome counted = requests.outcome();
    ending.succeeded = counted.succeeded;
    ending.failed = counted.failed;
    ending.unlogged = counted.unlogged;
    return ending;
}

}  // namespace carbonedge
