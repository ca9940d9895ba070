#include "lib/runtime/node_server.h"

#include "lib/base/errors.h"
#include "lib/cluster/cluster.h"
#include "lib/measure/clocks.h"
#include "lib/measure/own_usage.h"
#include "lib/runtime/batch_refusal.h"
#include "lib/runtime/clock_offset.h"
#include "lib/runtime/grpc_server.h"
#include "lib/runtime/inference_service.h"
#include "lib/runtime/link_sender.h"
#include "lib/runtime/model_thread.h"
#include "lib/runtime/proto/node.grpc.pb.h"
#include "lib/runtime/stage_pass.h"
#include "lib/runtime/time_limit.h"
#include "lib/transport/clocks.h"
#include "lib/transport/connection_guard.h"
#include "lib/transport/frame_stream.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <future>
#include <list>
#include <map>
#include <set>
#include <shared_mutex>

namespace carbonedge {
namespace {

/// A watcher cannot make a node do nothing else.
constexpr Nanoseconds kShortestBeat = std::chrono::milliseconds(1);

/// Broken connections that are kept for whoever watches; one who is slower than so many learns of the last ones. A peer
/// may break connections for ever.
constexpr std::size_t kMostEvents = 1024;

/// Removes a file when it goes.
struct FileRemoval {
    const std::string& path;
    ~FileRemoval() {
        std::error_code ignored;
        std::filesystem::remove(path, ignored);
    }
};

void describe(const InputSpec& spec, wire::TensorSpec& described) {
    described.set_name(spec.name);
    described.set_datatype(std::string(protocol_dtype_name(spec.dtype)));
    for (const std::int64_t extent : spec.shape) described.add_shape(extent);
}

}  // namespace

struct NodeServer::State final : wire::Node::Service, InferenceBackend {
    State(NodeOptions given, StageLoader& stage_loader)
        : options(std::move(given)),
          loader(stage_loader),
          listener(listen_for_frames(
              options.tensors.empty() ? "unix:" + options.directory + "/" + options.name + ".tensors" : options.tensors,
              stream_options())),
          control_path(options.directory + "/" + options.name + ".control"),
          pass(options.name, options.threads, pool, [this] { return Nanoseconds(clock_ahead.load()); }),
          inference_limit(options.inference_timeout),
          model_thread(loader, options.longest_queue,
                       [this](std::vector<StageRequest> requests) { pass.run(std::move(requests)); }) {}

    [[nodiscard]] StreamOptions stream_options() const {
        StreamOptions streams = secured_streams(options.security, options.name, options.send_timeout);
        streams.warn = options.warn;
        return streams;
    }

    [[nodiscard]] StreamOptions streams_to(const std::string& peer) const {
        StreamOptions streams = stream_options();
        streams.expected_name = peer;
        return streams;
    }

    // -- InferenceBackend: a stage called on its own ---------------------------------------------------------------

    [[nodiscard]] std::string server_name() const override { return "carbonedge-node " + options.name; }
    [[nodiscard]] bool ready() const override { return !model_names().empty(); }

    [[nodiscard]] std::vector<std::string> model_names() const override {
        const std::shared_lock lock(tables_mutex);
        std::vector<std::string> names;
        for (const auto& [name, stage] : stages) names.push_back(name);
        return names;
    }

    [[nodiscard]] std::optional<ServedModel> find_model(const std::string& name) const override {
        const std::shared_lock lock(tables_mutex);
        const auto found = stages.find(name);
        if (found == stages.end()) return std::nullopt;
        const LoadedStage& stage = *found->second;
        return ServedModel{stage.name, stage.execution == "builtin" ? "carbonedge_builtin" : "pytorch_torchscript",
                           stage.inputs, stage.outputs};
    }

    void start(InferenceCall call, Answered answered) override {
        std::shared_ptr<LoadedStage> stage;
        {
            const std::shared_lock lock(tables_mutex);
            const auto found = stages.find(call.model);
            if (found != stages.end()) stage = found->second;
        }
        const auto fail = [](const Answered& tell, InferenceFailure::Kind kind, const std::string& problem) {
            tell(InferenceFailure{kind, problem});
        };
        if (!stage) return fail(answered, InferenceFailure::Kind::kFailed, "the stage has just been unloaded");
        const std::uint64_t number = inference_limit.begin([this, answered, fail] {
            fail(answered, InferenceFailure::Kind::kTimeout,
                 fmt::format("no result within {}", exact_duration(options.inference_timeout)));
        });
        // The caller may be told to give up before the model thread gets to it, so the work owns what it touches.
        const bool posted = model_thread.post([this, stage, kept = std::move(call), number, answered, fail] {
            try {
                stage->runner->run(kept.inputs, [&](const std::vector<TensorView>& outputs) {
                    if (inference_limit.end(number)) answered(outputs);
                });
            } catch (const std::exception& error) {
                if (inference_limit.end(number)) fail(answered, InferenceFailure::Kind::kFailed, error.what());
            }
        });
        if (!posted && inference_limit.end(number)) {
            fail(answered, InferenceFailure::Kind::kFailed, "the node is shutting down");
        }
    }

    // -- wire::Node: the control service -----------------------------------------------------------------------------

    /// The same server also listens on loopback for the inference protocol; control is for the owner of the private
    /// directory, and for others where the node was told to believe them.
    bool from_owner(const grpc::ServerContext& context) const {
        if (context.peer().starts_with("unix:")) return true;
        if (options.control.empty()) return false;
        return options.security.encrypted() ? caller_is(context, std::string(kGateway)) : options.security.plain_text;
    }
    static grpc::Status not_owner() {
        return {grpc::StatusCode::PERMISSION_DENIED, "this service is answered on the node's private socket only"};
    }

    grpc::Status LoadStage(grpc::ServerContext* context, grpc::ServerReader<wire::LoadStageRequest>* reader,
                           wire::LoadStageResponse* response) override {
        if (!from_owner(*context)) return not_owner();
        wire::LoadStageRequest part;
        if (!reader->Read(&part)) return {grpc::StatusCode::INVALID_ARGUMENT, "no stage came"};
        const std::string name = part.name();
        const bool optimise = part.optimise();
        const BatchLimits batches{std::max<std::int64_t>(part.largest_batch(), 1), Nanoseconds(part.batch_wait_ns())};
        const std::int64_t total = part.total_bytes();
        const std::string path = options.directory + "/" + options.name + ".incoming";
        const FileRemoval removal{path};
        std::int64_t written = 0;
        {
            std::ofstream file(path, std::ios::binary | std::ios::trunc);
            do {
                file.write(part.chunk().data(), static_cast<std::streamsize>(part.chunk().size()));
                written += static_cast<std::int64_t>(part.chunk().size());
            } while (file && written <= total && reader->Read(&part));
            file.flush();
            if (!file) {
                return {grpc::StatusCode::RESOURCE_EXHAUSTED,
                        fmt::format("cannot write {}: {}", path, std::strerror(errno))};
            }
        }
        if (written != total) {
            return {grpc::StatusCode::INVALID_ARGUMENT,
                    fmt::format("stage '{}' came with {} bytes where {} were announced", name, written, total)};
        }
        auto promise = std::make_shared<std::promise<std::string>>();
        std::future<std::string> problem = promise->get_future();
        auto stage = std::make_shared<LoadedStage>();
        auto refusal = std::make_shared<std::string>();
        const bool posted = model_thread.post([this, stage, path, optimise, batches, refusal, promise] {
            try {
                stage->runner = loader.load(path, optimise);
                if (batches.largest > 1) *refusal = batch_refusal(*stage->runner, batches.largest, stage->times);
                if (refusal->empty()) stage->batches = batches;
                promise->set_value("");
            } catch (const std::exception& error) {
                promise->set_value(error.what());
            }
        });
        if (!posted) return {grpc::StatusCode::UNAVAILABLE, "the node is shutting down"};
        const std::string what = problem.get();
        if (!what.empty()) return {grpc::StatusCode::INVALID_ARGUMENT, what};
        stage->name = name;
        stage->inputs = stage->runner->input_specs();
        stage->outputs = stage->runner->output_specs();
        stage->execution = stage->runner->execution();
        if (std::max(message_bytes(stage->inputs), message_bytes(stage->outputs)) > options.longest_message) {
            return {grpc::StatusCode::RESOURCE_EXHAUSTED,
                    fmt::format("stage '{}' takes or gives more than {} in a message", name,
                                bytes_text(options.longest_message))};
        }
        response->set_execution(stage->execution);
        response->set_batch_refusal(*refusal);
        for (const InputSpec& spec : stage->inputs) describe(spec, *response->add_inputs());
        for (const InputSpec& spec : stage->outputs) describe(spec, *response->add_outputs());
        const std::unique_lock lock(tables_mutex);
        if (!stages.emplace(name, stage).second) {
            return {grpc::StatusCode::ALREADY_EXISTS, fmt::format("stage '{}' is loaded already", name)};
        }
        return grpc::Status::OK;
    }

    grpc::Status SetRoute(grpc::ServerContext* context, const wire::SetRouteRequest* request,
                          wire::SetRouteResponse* /*response*/) override {
        if (!from_owner(*context)) return not_owner();
        const NextHop next{
            request->next_name(),
            request->next_address(),
            {request->emulate_link(), Nanoseconds(request->link_latency_ns()),
             BytesPerSecond(request->link_bytes_per_second())},
            request->fresh(),
            {Nanoseconds(request->least_to_answer_ns()), Nanoseconds(request->expected_to_answer_ns())},
        };
        std::shared_ptr<LoadedStage> stage;
        std::shared_ptr<Hop> hop;
        {
            const std::shared_lock lock(tables_mutex);
            const auto found = stages.find(request->stage());
            if (found == stages.end()) return {grpc::StatusCode::NOT_FOUND, "no stage '" + request->stage() + "'"};
            stage = found->second;
            for (const auto& [pipeline, route] : routes) {
                if (!next.fresh && route.next->address == next.address && !route.next->broken) hop = route.next;
            }
        }
        try {
            if (!hop) hop = connect(next);
        } catch (const EnvironmentError& error) {
            return {grpc::StatusCode::UNAVAILABLE, error.what()};
        }
        Route replaced{stage, hop, next.to_answer};  // goes without the lock: its sender may wait for its thread
        const std::unique_lock lock(tables_mutex);
        std::swap(routes[request->pipeline()], replaced);
        return grpc::Status::OK;
    }

    grpc::Status CloseRoute(grpc::ServerContext* context, const wire::CloseRouteRequest* request,
                            wire::CloseRouteResponse* /*response*/) override {
        if (!from_owner(*context)) return not_owner();
        Route last;  // goes without the lock: its sender may wait for its thread
        const std::unique_lock lock(tables_mutex);
        const auto found = routes.find(request->pipeline());
        if (found == routes.end()) return grpc::Status::OK;
        last = std::move(found->second);
        routes.erase(found);
        const bool shared =
            std::ranges::any_of(routes, [&last](const auto& other) { return other.second.next == last.next; });
        if (!shared) {
            // The model thread may be stuck in sending to one that does not read.
            last.next->broken = true;
            last.next->sender->shut_down();
        }
        return grpc::Status::OK;
    }

    grpc::Status UnloadStage(grpc::ServerContext* context, const wire::UnloadStageRequest* request,
                             wire::UnloadStageResponse* /*response*/) override {
        if (!from_owner(*context)) return not_owner();
        std::shared_ptr<LoadedStage> stage;
        {
            const std::unique_lock lock(tables_mutex);
            const auto found = stages.find(request->name());
            if (found == stages.end()) return grpc::Status::OK;
            stage = std::move(found->second);
            stages.erase(found);
        }
        // Its memory is the model thread's, and whatever is queued there may still need it.
        model_thread.post([last = std::move(stage)] {});
        return grpc::Status::OK;
    }

    grpc::Status Watch(grpc::ServerContext* context, const wire::WatchRequest* request,
                       grpc::ServerWriter<wire::NodeEvent>* writer) override {
        if (!from_owner(*context)) return not_owner();
        const Nanoseconds period = std::max<Nanoseconds>(Nanoseconds(request->period_ns()), kShortestBeat);
        std::unique_lock lock(events_mutex);
        std::size_t told = connections_broken();
        while (!end.stop_requested() && !context->IsCancelled()) {
            const std::size_t untold = std::min(connections_broken() - told, broken_connections.size());
            const std::vector<wire::NodeEvent> news(broken_connections.end() - static_cast<std::ptrdiff_t>(untold),
                                                    broken_connections.end());
            told = connections_broken();
            lock.unlock();
            bool heard = news.empty() ? writer->Write(wire::NodeEvent()) : true;
            for (const wire::NodeEvent& event : news) heard = heard && writer->Write(event);
            lock.lock();
            if (!heard) break;
            connection_broke.wait_for(lock, end.get_token(), period, [&] { return told < connections_broken(); });
        }
        return grpc::Status::OK;
    }

    grpc::Status Usage(grpc::ServerContext* context, const wire::UsageRequest* /*request*/,
                       wire::UsageResponse* response) override {
        if (!from_owner(*context)) return not_owner();
        const OwnUsage usage = read_own_usage(system_cgroup_site());
        response->set_cpu_ns(process_cpu_time().count());
        response->set_throttled_ns(usage.throttled.count());
        response->set_peak_memory_bytes(usage.peak_memory.value());
        response->set_limit_cpus(usage.limit_cpus);
        response->set_limit_memory_bytes(usage.limit_memory.value());
        response->set_limit_mechanism(usage.mechanism);
        return grpc::Status::OK;
    }

    grpc::Status Clock(grpc::ServerContext* context, const wire::ClockRequest* request,
                       wire::ClockResponse* response) override {
        const Nanoseconds received = now_monotonic();
        if (!from_owner(*context)) return not_owner();
        if (request->has_ahead_ns()) clock_ahead = request->ahead_ns();
        response->set_origin(clock_origin());
        response->set_received_ns(received.count());
        response->set_sent_ns(now_monotonic().count());
        return grpc::Status::OK;
    }

    grpc::Status Shutdown(grpc::ServerContext* context, const wire::ShutdownRequest* /*request*/,
                          wire::ShutdownResponse* /*response*/) override {
        if (!from_owner(*context)) return not_owner();
        end.request_stop();
        return grpc::Status::OK;
    }

    // -- the tensor stream -------------------------------------------------------------------------------------------

    void accept_connections() {
        while (std::shared_ptr<FrameStream> connection = listener->accept()) {
            const std::lock_guard lock(connections_mutex);
            std::erase_if(readers, [](const Reader& reader) { return reader.done->load(); });
            const auto done = std::make_shared<std::atomic<bool>>(false);
            readers.push_back({connection, done, std::jthread([this, connection, done] {
                                   read_frames(*connection);
                                   *done = true;
                               })});
        }
    }

    std::shared_ptr<Hop> connect(const NextHop& next) {
        auto hop = std::make_shared<Hop>();
        hop->address = next.address;
        Hop* raw = hop.get();  // the sender is the hop's, so it cannot outlive it
        hop->sender =
            std::make_unique<LinkSender>(connect_frames(next.address, next.name, streams_to(next.name)), next.link,
                                         pool, [this, raw](const FrameHead& head, const std::string& problem) {
                                             warn(fmt::format("request {}: {}", head.request, problem));
                                             raw->broken = true;
                                             std::set<std::int32_t> carried{head.pipeline};
                                             {
                                                 const std::shared_lock lock(tables_mutex);
                                                 for (const auto& [pipeline, route] : routes) {
                                                     if (route.next.get() == raw) carried.insert(pipeline);
                                                 }
                                             }
                                             tell_broken(carried, fmt::format("node '{}': {}", options.name, problem));
                                         });
        return hop;
    }

    /// How many connections have broken; under `events_mutex`.
    std::size_t connections_broken() const { return forgotten_events + broken_connections.size(); }

    /// Tells whoever watches that frames of these pipelines may be lost.
    void tell_broken(const std::set<std::int32_t>& pipelines, const std::string& cause) {
        wire::NodeEvent event;
        event.set_cause(cause);
        {
            const std::shared_lock lock(tables_mutex);
            for (const std::int32_t pipeline : pipelines) {
                if (routes.contains(pipeline)) event.add_broken_pipelines(pipeline);
            }
        }
        if (event.broken_pipelines().empty() || end.stop_requested()) return;
        const std::lock_guard lock(events_mutex);
        if (broken_connections.size() == kMostEvents) {
            broken_connections.pop_front();
            ++forgotten_events;
        }
        broken_connections.push_back(std::move(event));
        connection_broke.notify_all();
    }

    std::optional<Route> find_route(std::int32_t pipeline) const {
        const std::shared_lock lock(tables_mutex);
        const auto found = routes.find(pipeline);
        if (found == routes.end()) return std::nullopt;
        return found->second;
    }

    std::string refuse(const FrameHead& head) const {
        const std::optional<Route> route = find_route(head.pipeline);
        if (!route) return fmt::format("node '{}' has no stage of pipeline {}", options.name, head.pipeline);
        if (!head.error.empty()) return "";
        std::vector<TensorView> announced;
        for (const FrameHead::Tensor& tensor : head.tensors) {
            announced.push_back({tensor.dtype, tensor.shape, nullptr, static_cast<std::size_t>(tensor.bytes)});
        }
        return describe_mismatch(route->stage->inputs, announced);
    }

    void read_frames(FrameStream& stream) {
        std::set<std::int32_t> carried;
        std::string cause = "the node before it closed the connection";
        try {
            const auto longest = static_cast<std::uint64_t>(options.longest_message.value());
            while (auto frame =
                       stream.receive(*pool, longest, [this](const FrameHead& head) { return refuse(head); })) {
                const std::optional<Route> route = find_route(frame->head.pipeline);
                if (!route) {
                    peers.refuse(frame->refusal);
                    continue;
                }
                carried.insert(frame->head.pipeline);
                if (!frame->refusal.empty()) frame->head.error = "node '" + options.name + "': " + frame->refusal;
                if (!frame->head.error.empty()) {
                    pass.pass_failure(std::move(frame->head), *route);
                } else if (!model_thread.post(pass.request_of(std::move(*frame), *route))) {
                    return;
                }
            }
        } catch (const std::exception& error) {
            peers.refuse(error.what());
            cause = error.what();
            stream.shut_down();
        }
        tell_broken(carried, fmt::format("node '{}': {}", options.name, cause));
    }

    void warn(const std::string& line) const {
        if (options.warn) options.warn(line);
    }

    NodeOptions options;
    StageLoader& loader;
    std::shared_ptr<BufferPool> pool = BufferPool::create();
    ConnectionGuard peers{stream_options()};  ///< says what they did wrong, each different line once
    std::unique_ptr<FrameListener> listener;
    std::string control_path;
    std::string inference_address;

    // A route's sender tells of its broken connection to the last, so what it tells outlives it.
    std::stop_source end;
    std::mutex events_mutex;
    std::deque<wire::NodeEvent> broken_connections;  ///< the last of all that ever did
    std::size_t forgotten_events = 0;
    std::condition_variable_any connection_broke;

    mutable std::shared_mutex tables_mutex;
    std::map<std::string, std::shared_ptr<LoadedStage>> stages;
    std::map<std::int32_t, Route> routes;

    std::atomic<std::int64_t> clock_ahead{0};  ///< ns that our clock shows more than the gateway's
    StagePass pass;
    TimeLimit inference_limit;
    ModelThread model_thread;
    std::mutex connections_mutex;
    struct Reader {
        std::shared_ptr<FrameStream> connection;
        std::shared_ptr<std::atomic<bool>> done;
        std::jthread thread;
    };
    std::list<Reader> readers;
    std::jthread acceptor;
    std::unique_ptr<grpc::Service> inference_service;
    std::unique_ptr<GrpcServer> server;
};

NodeServer::NodeServer(NodeOptions options, StageLoader& loader)
    : state_(std::make_unique<State>(std::move(options), loader)) {
    State& state = *state_;
    const bool reached = !state.options.control.empty() || state.options.tensors.starts_with("tls:");
    if (const auto note = reached ? expiry_note(state.options.security, state.options.name) : std::nullopt) {
        state.warn(*note);
    }
    state.inference_service = make_inference_service(state);
    GrpcServerLimits limits;
    limits.warn = state.options.warn;
    state.server = std::make_unique<GrpcServer>(
        std::vector<std::string>{state.options.listen, "unix:" + state.control_path},
        std::vector<grpc::Service*>{&state, state.inference_service.get()}, state.options.longest_message,
        RemoteAddress{state.options.control, state.options.security, state.options.name}, limits);
    state.inference_address = state.server->address();
    state.acceptor = std::jthread([&state] { state.accept_connections(); });
}

NodeServer::~NodeServer() {
    State& state = *state_;
    state.end.request_stop();  // whoever watches is let go
    state.server.reset();
    state.listener->shut_down();
    state.acceptor.join();
    for (const auto& reader : state.readers) reader.connection->shut_down();
    state.model_thread.end();
    for (auto& reader : state.readers) reader.thread.join();
    // Senders that end look into the table of routes, so they end outside of it.
    std::map<std::int32_t, Route> routes;
    {
        const std::unique_lock lock(state.tables_mutex);
        routes.swap(state.routes);
    }
}

const std::string& NodeServer::inference_address() const { return state_->inference_address; }
const std::string& NodeServer::tensors_address() const { return state_->listener->address(); }
const std::string& NodeServer::control_path() const { return state_->control_path; }
const std::string& NodeServer::control_address() const { return state_->server->remote_address(); }

void NodeServer::wait(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any ended;
    const std::stop_callback forward(stop, [this] { state_->end.request_stop(); });
    std::unique_lock lock(mutex);
    ended.wait(lock, state_->end.get_token(), [] { return false; });
}

}  // namespace carbonedge
