#pragma once

#include "lib/runtime/inference_backend.h"
#include "lib/runtime/worker_pool.h"
#include "lib/transport/http_server.h"

#include <functional>
#include <string>

namespace carbonedge {

/// What the Open Inference Protocol needs of an HTTP body for these inputs in any form.
Bytes longest_rest_body(const std::vector<InputSpec>& inputs);

/// The Open Inference Protocol over REST, and metrics, for a backend that outlives it.
///
///  - GET v2/health/live, v2/health/ready, v2, v2/models/M, v2/models/M/ready, metrics
///  - POST v2/models/M/infer, with data in JSON or as the binary tensor data extension has it
///
/// M may be followed by versions/1. Wrong requests are answered 400, unknown paths and models 404, a wrong method 405,
/// no room and not ready 503, an answer that takes too long 504, what failed 500: each with {"error": "..."}.
class RestService {
public:
    /// `metrics` makes the text of /metrics. At most `most_calls` calls are worked on at a time; others wait for them.
    RestService(InferenceBackend& backend, std::function<std::string()> metrics, std::size_t most_calls)
        : backend_(backend), metrics_(std::move(metrics)), workers_(most_calls) {}

    /// As HttpServer wants it.
    void handle(HttpServerRequest request, HttpServer::Respond respond);

private:
    HttpServerResponse answer(const std::shared_ptr<HttpServerRequest>& request);
    HttpServerResponse answer_about_model(const std::shared_ptr<HttpServerRequest>& request, const std::string& name,
                                          std::string_view rest);
    HttpServerResponse infer(const std::shared_ptr<HttpServerRequest>& request, const std::string& model,
                             InferenceResult& result);

    InferenceBackend& backend_;
    std::function<std::string()> metrics_;
    WorkerPool workers_;
    WorkerPool metrics_worker_{1};  // asking the nodes may take a while
};

}  // namespace carbonedge
