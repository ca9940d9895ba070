#include "lib/runtime/control_client.h"

#include "lib/base/errors.h"
#include "lib/cluster/cluster.h"
#include "lib/runtime/proto/node.grpc.pb.h"
#include "lib/transport/clocks.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <utility>

namespace carbonedge {
namespace {

/// Well under gRPC's default bound of 4 MiB a message.
constexpr std::size_t kChunk = 1024 * 1024;

std::vector<InputSpec> read_specs(const google::protobuf::RepeatedPtrField<wire::TensorSpec>& described,
                                  const std::string& node) {
    std::vector<InputSpec> specs;
    for (const wire::TensorSpec& tensor : described) {
        const std::optional<DType> dtype = dtype_from_protocol_name(tensor.datatype());
        if (!dtype) throw InputError("node '" + node + "'", 0, "it speaks of an unknown type " + tensor.datatype());
        InputSpec spec;
        spec.name = tensor.name();
        spec.dtype = *dtype;
        spec.shape.assign(tensor.shape().begin(), tensor.shape().end());
        specs.push_back(std::move(spec));
    }
    return specs;
}

}  // namespace

struct ControlClient::State {
    std::string node;
    std::unique_ptr<wire::Node::Stub> stub;

    static void set_deadline(grpc::ClientContext& context, Nanoseconds timeout) {
        context.set_deadline(std::chrono::system_clock::now() + std::chrono::ceil<std::chrono::microseconds>(timeout));
    }

    void require_ok(const grpc::Status& status, const std::string& action, const std::stop_token& stop) const {
        if (stop.stop_requested()) throw Interrupted();
        if (status.ok()) return;
        const std::string who = "node '" + node + "'";
        if (status.error_code() == grpc::StatusCode::INVALID_ARGUMENT) throw InputError(who, 0, status.error_message());
        if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
            throw EnvironmentError(fmt::format("{} did not {} in time", who, action),
                                   "raise --start-timeout, or its CPU limit");
        }
        throw EnvironmentError(fmt::format("{} could not {}: {}", who, action, status.error_message()),
                               "see whether its memory limit holds the stage");
    }
};

ControlClient::ControlClient(std::string node, const std::string& control, const PeerSecurity& security)
    : state_(std::make_unique<State>()) {
    state_->node = std::move(node);
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const bool here = control.starts_with('/');
    // The certificate names the node, whatever the address.
    if (!here && security.encrypted()) arguments.SetSslTargetNameOverride(state_->node);
    state_->stub = wire::Node::NewStub(grpc::CreateCustomChannel(
        here ? "unix:" + control : "dns:///" + control,
        here ? grpc::InsecureChannelCredentials() : channel_credentials(security, std::string(kGateway)), arguments));
}

ControlClient::~ControlClient() = default;
ControlClient::ControlClient(ControlClient&&) noexcept = default;
ControlClient& ControlClient::operator=(ControlClient&&) noexcept = default;

LoadedStageSpecs ControlClient::load_stage(const std::string& name, const std::string& path, bool optimise,
                                           Nanoseconds timeout, const std::stop_token& stop,
                                           const BatchLimits& batches) {
    std::ifstream file(path, std::ios::binary);
    std::error_code problem;
    const std::uintmax_t size = std::filesystem::file_size(path, problem);
    if (!file || problem) throw InputError(path, 0, "cannot read the stage");
    grpc::ClientContext context;
    State::set_deadline(context, timeout);
    const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
    wire::LoadStageResponse response;
    const auto writer = state_->stub->LoadStage(&context, &response);
    wire::LoadStageRequest part;
    part.set_name(name);
    part.set_optimise(optimise);
    part.set_largest_batch(batches.largest);
    part.set_batch_wait_ns(batches.longest_wait.count());
    part.set_total_bytes(static_cast<std::int64_t>(size));
    for (std::uintmax_t sent = 0; sent < size;) {
        std::string& chunk = *part.mutable_chunk();
        chunk.resize(std::min<std::uintmax_t>(kChunk, size - sent));
        file.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
        if (!file) throw InputError(path, 0, "cannot read the stage");
        if (!writer->Write(part)) break;
        sent += chunk.size();
    }
    writer->WritesDone();
    state_->require_ok(writer->Finish(), "load its stage", stop);
    return {response.execution(), read_specs(response.inputs(), state_->node),
            read_specs(response.outputs(), state_->node), response.batch_refusal()};
}

void ControlClient::set_route(std::int32_t pipeline, const std::string& stage, const NextHop& next, Nanoseconds timeout,
                              const std::stop_token& stop) {
    grpc::ClientContext context;
    State::set_deadline(context, timeout);
    const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
    wire::SetRouteRequest request;
    request.set_pipeline(pipeline);
    request.set_stage(stage);
    request.set_next_name(next.name);
    request.set_next_address(next.address);
    request.set_emulate_link(next.link.active);
    request.set_fresh(next.fresh);
    request.set_link_latency_ns(next.link.latency.count());
    request.set_link_bytes_per_second(next.link.bandwidth.value());
    request.set_least_to_answer_ns(next.to_answer.least.count());
    request.set_expected_to_answer_ns(next.to_answer.expected.count());
    wire::SetRouteResponse response;
    state_->require_ok(state_->stub->SetRoute(&context, request, &response), "reach the next node", stop);
}

bool ControlClient::close_route(std::int32_t pipeline, Nanoseconds timeout) noexcept {
    grpc::ClientContext context;
    State::set_deadline(context, timeout);
    wire::CloseRouteRequest request;
    request.set_pipeline(pipeline);
    wire::CloseRouteResponse response;
    return state_->stub->CloseRoute(&context, request, &response).ok();
}

bool ControlClient::unload_stage(const std::string& name, Nanoseconds timeout) noexcept {
    grpc::ClientContext context;
    State::set_deadline(context, timeout);
    wire::UnloadStageRequest request;
    request.set_name(name);
    wire::UnloadStageResponse response;
    return state_->stub->UnloadStage(&context, request, &response).ok();
}

std::optional<Silence> ControlClient::watch(Nanoseconds period, const PulsePatience& patience, const Listener& listener,
                                            const std::stop_token& stop) {
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    wire::WatchRequest request;
    request.set_period_ns(period.count());
    wire::NodeEvent event;
    grpc::Status status;
    const auto reader = state_->stub->PrepareAsyncWatch(&context, request, &queue);
    const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
    reader->StartCall(reader.get());
    Nanoseconds last_sign = now_monotonic();
    std::optional<Silence> silent;
    bool started = false;
    bool suspected = false;
    while (!stop.stop_requested()) {
        void* tag = nullptr;
        bool ok = false;
        const Nanoseconds allowed = suspected ? patience.end : patience.suspicion;
        const Nanoseconds wait = last_sign + allowed - now_monotonic();
        const auto until = std::chrono::system_clock::now() + std::chrono::ceil<std::chrono::microseconds>(wait);
        const auto got = queue.AsyncNext(&tag, &ok, until);
        const Nanoseconds now = now_monotonic();
        if (got == grpc::CompletionQueue::TIMEOUT) {
            if (now - last_sign < allowed) continue;
            // Whoever wakes up late itself cannot tell who else is; it listens once more.
            if (now - last_sign > allowed + period) {
                last_sign = now - allowed + period;
                continue;
            }
            if (suspected) {
                silent = {now - last_sign, false};
                break;
            }
            suspected = true;
            listener.on_silent(now - last_sign);
            continue;
        }
        if (!ok) {
            // Mostly because the node has ended, which others tell better; if nobody does, it is silent from now on.
            std::mutex mutex;
            std::condition_variable_any never;
            std::unique_lock lock(mutex);
            never.wait_until(lock, stop, std::chrono::steady_clock::time_point(last_sign + patience.suspicion),
                             [] { return false; });
            silent = {now_monotonic() - last_sign, true};
            break;
        }
        if (started) {
            last_sign = now;
            if (std::exchange(suspected, false)) listener.on_sign();
            for (const std::int32_t pipeline : event.broken_pipelines()) listener.on_broken(pipeline, event.cause());
        }
        started = true;
        reader->Read(&event, &event);
    }
    context.TryCancel();
    reader->Finish(&status, &status);
    queue.Shutdown();
    for (void* tag = nullptr; bool ok = queue.Next(&tag, &ok);) {
    }
    if (stop.stop_requested()) return std::nullopt;
    return silent;
}

void ControlClient::await(Nanoseconds timeout, const std::stop_token& stop) {
    grpc::ClientContext context;
    State::set_deadline(context, timeout);
    context.set_wait_for_ready(true);
    const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
    wire::ClockResponse response;
    state_->require_ok(state_->stub->Clock(&context, wire::ClockRequest(), &response), "start", stop);
}

ReportedUsage ControlClient::usage(Nanoseconds timeout, const std::stop_token& stop) {
    grpc::ClientContext context;
    State::set_deadline(context, timeout);
    const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
    wire::UsageResponse response;
    state_->require_ok(state_->stub->Usage(&context, wire::UsageRequest(), &response), "say what it has used", stop);
    return {Nanoseconds(response.cpu_ns()), Nanoseconds(response.throttled_ns()), Bytes(response.peak_memory_bytes()),
            response.limit_cpus(),          Bytes(response.limit_memory_bytes()), response.limit_mechanism()};
}

void ControlClient::state_offset(Nanoseconds ahead, Nanoseconds timeout) {
    grpc::ClientContext context;
    State::set_deadline(context, timeout);
    wire::ClockRequest request;
    request.set_ahead_ns(ahead.count());
    wire::ClockResponse response;
    state_->require_ok(state_->stub->Clock(&context, request, &response), "set its clock", {});
}

std::optional<ClockOffset> ControlClient::align_clock(int times, Nanoseconds timeout, const std::stop_token& stop) {
    std::vector<ClockRoundTrip> trips;
    for (int i = 0; i < times; ++i) {
        grpc::ClientContext context;
        State::set_deadline(context, timeout);
        const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
        wire::ClockResponse response;
        ClockRoundTrip trip;
        trip.asked = now_monotonic();
        state_->require_ok(state_->stub->Clock(&context, wire::ClockRequest(), &response), "tell the time", stop);
        trip.answered = now_monotonic();
        trip.received = Nanoseconds(response.received_ns());
        trip.sent = Nanoseconds(response.sent_ns());
        trip.origin = response.origin();
        trips.push_back(std::move(trip));
    }
    const std::optional<ClockOffset> offset = estimate_offset(trips, clock_origin());
    if (offset) state_offset(offset->ahead, timeout);
    return offset;
}

bool ControlClient::shut_down(Nanoseconds timeout) noexcept {
    grpc::ClientContext context;
    State::set_deadline(context, timeout);
    wire::ShutdownResponse response;
    return state_->stub->Shutdown(&context, wire::ShutdownRequest(), &response).ok();
}

}  // namespace carbonedge
