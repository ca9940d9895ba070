#include "lib/runtime/rest_service.h"

#include "lib/base/utf8.h"
#include "lib/runtime/inference_json.h"
#include "lib/runtime/inference_request.h"
#include "lib/transport/clocks.h"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>

namespace carbonedge {
namespace {

/// The longest sensible text of a number, with a separator and a line break.
constexpr std::int64_t kTextOfNumber = 32;
constexpr std::int64_t kTextAround = 256 * 1024;
constexpr std::string_view kJsonLength = "inference-header-content-length";

HttpServerResponse json(std::string body, unsigned status = 200) {
    return {status, "application/json", {}, std::move(body)};
}
HttpServerResponse refused(unsigned status, const std::string& problem) { return json(error_json(problem), status); }

HttpServerResponse wrong_method(const HttpServerRequest& request, const char* allowed) {
    HttpServerResponse response =
        refused(405, fmt::format("{} is answered to {} only", cleaned_for_message(request.target, 100), allowed));
    response.headers.emplace_back("Allow", allowed);
    return response;
}

/// "%20" becomes a blank; nothing where a % is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        unsigned value = 0;
        const char* first = text.data() + i + 1;
        if (i + 2 >= text.size() || std::from_chars(first, first + 2, value, 16).ptr != first + 2) return std::nullopt;
        decoded += static_cast<char>(value);
        i += 2;
    }
    return decoded;
}

std::vector<std::string_view> parts_of(std::string_view path) {
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        if (slash != 0) parts.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) break;
        path.remove_prefix(slash + 1);
    }
    return parts;
}

unsigned status_of(InferenceFailure::Kind kind) {
    switch (kind) {
        case InferenceFailure::Kind::kInvalidInput:
            return 400;
        case InferenceFailure::Kind::kUnavailable:
            return 503;
        case InferenceFailure::Kind::kTimeout:
            return 504;
        case InferenceFailure::Kind::kFailed:
            break;
    }
    return 500;
}

/// A request's inputs in the order of the model's, in memory that `owner` keeps.
struct ReadInputs {
    std::string problem;
    InferenceJson json;
    std::vector<TensorView> tensors;
    std::shared_ptr<const void> owner;
};

struct Contents {
    std::shared_ptr<HttpServerRequest> request;
    std::vector<std::vector<std::byte>> packed;
};

std::size_t all_values(const ServedModel& model) {
    std::size_t values = 0;
    for (const InputSpec& spec : model.inputs) values += static_cast<std::size_t>(element_count(spec.shape));
    return values;
}

/// Length of the JSON at the start of the body; nothing where the header does not fit it.
std::optional<std::size_t> json_length(const HttpServerRequest& request) {
    const auto header = request.headers.find(std::string(kJsonLength));
    if (header == request.headers.end()) return request.body.size();
    std::size_t length = 0;
    const char* end = header->second.data() + header->second.size();
    const auto [stop, problem] = std::from_chars(header->second.data(), end, length);
    if (problem != std::errc() || stop != end || length > request.body.size()) return std::nullopt;
    return length;
}

ReadInputs read_inputs(const std::shared_ptr<HttpServerRequest>& request, const ServedModel& model) {
    ReadInputs read;
    const auto contents = std::make_shared<Contents>();
    contents->request = request;
    read.owner = contents;
    const auto fail = [&read](std::string problem) {
        read.problem = std::move(problem);
        return std::move(read);
    };
    const std::string& body = request->body;
    const std::optional<std::size_t> length = json_length(*request);
    if (!length) {
        return fail(
            fmt::format("Inference-Header-Content-Length is no length of JSON in a body of {} bytes", body.size()));
    }
    std::string problem = parse_inference_json(std::string_view(body).substr(0, *length), all_values(model), read.json);
    if (!problem.empty()) return fail(std::move(problem));
    OfferedInputs offered(model);
    if (problem = offered.expect(read.json.inputs.size()); !problem.empty()) return fail(std::move(problem));
    std::size_t used = *length;
    for (const InferenceJson::Input& input : read.json.inputs) {
        std::size_t position = 0;
        problem = offered.declare(input.name, input.datatype, input.shape, position);
        if (!problem.empty()) return fail(std::move(problem));
        if (input.binary_bytes && input.has_data)
            return fail(fmt::format("input '{}' has data and binary_data_size; give one", input.name));
        const std::byte* content = nullptr;
        std::size_t size = 0;
        if (input.binary_bytes) {
            if (*input.binary_bytes > body.size() - used)
                return fail(fmt::format("the binary data of input '{}' ends beyond the body", input.name));
            content = reinterpret_cast<const std::byte*>(body.data()) + used;
            size = static_cast<std::size_t>(*input.binary_bytes);
            used += size;
        } else {
            std::vector<std::byte>& packed = contents->packed.emplace_back();
            problem = pack_data(input, model.inputs[position].dtype, packed);
            if (!problem.empty()) return fail(std::move(problem));
            content = packed.data();
            size = packed.size();
        }
        if (problem = offered.fill(position, content, size); !problem.empty()) return fail(std::move(problem));
    }
    if (used != body.size()) return fail(fmt::format("{} bytes follow the last input's data", body.size() - used));
    read.tensors = offered.tensors();
    return read;
}

}  // namespace

Bytes longest_rest_body(const std::vector<InputSpec>& inputs) {
    std::int64_t longest = kTextAround;
    for (const InputSpec& spec : inputs) longest += element_count(spec.shape) * kTextOfNumber;
    return Bytes(longest);
}

void RestService::handle(HttpServerRequest request, HttpServer::Respond respond) {
    const auto kept = std::make_shared<HttpServerRequest>(std::move(request));
    // Health is answered here and now, however busy the workers are.
    const bool infers = kept->method == "POST" && kept->target.find("/infer") != std::string::npos;
    const bool asks_for_metrics = kept->target.starts_with("/metrics");
    if (!infers && !asks_for_metrics) return respond(answer(kept));
    WorkerPool& pool = infers ? workers_ : metrics_worker_;
    pool.post([this, kept, respond = std::move(respond)] { respond(answer(kept)); });
}

HttpServerResponse RestService::answer(const std::shared_ptr<HttpServerRequest>& kept) {
    const HttpServerRequest& request = *kept;
    const bool reads = request.method == "GET" || request.method == "HEAD";
    const std::string path = request.target.substr(0, request.target.find('?'));
    const std::vector<std::string_view> parts = parts_of(path);
    const auto is = [&parts](std::initializer_list<std::string_view> expected) {
        return std::equal(parts.begin(), parts.end(), expected.begin(), expected.end());
    };
    if (parts.size() >= 3 && parts[0] == "v2" && parts[1] == "models") {
        const std::optional<std::string> name = percent_decoded(parts[2]);
        if (!name) return refused(400, "the model's name in the path has a % without two hexadecimal digits");
        std::size_t next = 3;
        if (parts.size() > 4 && parts[3] == "versions") next = 5;
        if (parts.size() == 5 && parts[3] == "versions" && !reads) return wrong_method(request, "GET");
        if (next == 5 && parts[4] != "1") {
            return refused(404, fmt::format("unknown version '{}'; valid: 1", cleaned_for_message(parts[4], 60)));
        }
        if (parts.size() == next) return answer_about_model(kept, *name, "");
        if (parts.size() == next + 1) return answer_about_model(kept, *name, parts[next]);
    }
    if (is({"v2"}) || is({"v2", "health", "live"}) || is({"v2", "health", "ready"}) || is({"metrics"})) {
        if (!reads) return wrong_method(request, "GET");
        if (is({"metrics"})) return {200, "text/plain; version=0.0.4; charset=utf-8", {}, metrics_()};
        if (is({"v2"})) return json(server_metadata_json(backend_));
        if (is({"v2", "health", "live"})) return json(readiness_json("live", true));
        const bool ready = backend_.ready();
        return json(readiness_json("ready", ready), ready ? 200 : 503);
    }
    return refused(404, fmt::format("there is nothing at '{}'; see /v2, /v2/health/live, /v2/health/ready, "
                                    "/v2/models/MODEL, /v2/models/MODEL/ready, /v2/models/MODEL/infer, /metrics",
                                    cleaned_for_message(path, 100)));
}

HttpServerResponse RestService::answer_about_model(const std::shared_ptr<HttpServerRequest>& kept,
                                                   const std::string& name, std::string_view rest) {
    const HttpServerRequest& request = *kept;
    if (rest == "infer") {
        if (request.method != "POST") return wrong_method(request, "POST");
        const Nanoseconds start = now_monotonic();
        InferenceResult result = InferenceResult::kInvalid;
        HttpServerResponse response;
        try {
            response = infer(kept, name, result);
        } catch (const std::exception& error) {
            result = InferenceResult::kFailed;
            response = refused(500, fmt::format("the answer cannot be written: {}", error.what()));
        }
        backend_.ended(ClientProtocol::kRest, result, now_monotonic() - start);
        return response;
    }
    if (!rest.empty() && rest != "ready") {
        return refused(404, fmt::format("a model has no '{}'; valid: ready, infer", cleaned_for_message(rest, 60)));
    }
    if (request.method != "GET" && request.method != "HEAD") return wrong_method(request, "GET");
    const std::optional<ServedModel> model = backend_.find_model(name);
    if (!model) return refused(404, unknown_model_message(backend_, name));
    if (rest.empty()) return json(model_metadata_json(*model));
    const bool ready = backend_.ready();
    return json(model_readiness_json(name, ready), ready ? 200 : 503);
}

HttpServerResponse RestService::infer(const std::shared_ptr<HttpServerRequest>& request, const std::string& name,
                                      InferenceResult& result) {
    const std::optional<ServedModel> model = backend_.find_model(name);
    if (!model) {
        result = InferenceResult::kUnknownModel;
        return refused(404, unknown_model_message(backend_, name));
    }
    ReadInputs read = read_inputs(request, *model);
    if (!read.problem.empty()) return refused(400, read.problem);
    std::vector<std::string> names;
    for (const InferenceJson::Output& output : read.json.outputs) names.push_back(output.name);
    std::vector<std::size_t> wanted;
    std::string problem = select_outputs(*model, names, wanted);
    if (!problem.empty()) return refused(400, problem);

    const InferenceOutcome outcome =
        backend_.infer({model->name, std::move(read.tensors), std::move(read.owner), ClientProtocol::kRest});
    if (const auto* failure = std::get_if<InferenceFailure>(&outcome)) {
        result = result_of(failure->kind);
        HttpServerResponse response = refused(status_of(failure->kind), failure->problem);
        if (response.status == 503) response.headers.emplace_back("Retry-After", "1");
        return response;
    }
    const auto& tensors = std::get<std::vector<HostTensor>>(outcome);
    std::vector<JsonOutput> outputs;
    bool any_binary = false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        JsonOutput output{&model->outputs[wanted[i]], &tensors.at(wanted[i]), read.json.binary_output};
        if (i < read.json.outputs.size()) output.binary = read.json.outputs[i].binary.value_or(output.binary);
        any_binary = any_binary || output.binary;
        outputs.push_back(output);
    }
    std::optional<std::string> body = inference_response_json(model->name, read.json.id, outputs, problem);
    if (!body) {
        result = InferenceResult::kFailed;
        return refused(500, problem);
    }
    result = InferenceResult::kOk;
    if (!any_binary) return json(std::move(*body) + '\n');
    HttpServerResponse response{200, "application/octet-stream", {}, std::move(*body)};
    response.headers.emplace_back("Inference-Header-Content-Length", std::to_string(response.body.size()));
    for (const JsonOutput& output : outputs) {
        if (!output.binary) continue;
        const std::vector<std::byte>& content = output.tensor->content;
        response.body.append(reinterpret_cast<const char*>(content.data()), content.size());
    }
    return response;
}

}  // namespace carbonedge
