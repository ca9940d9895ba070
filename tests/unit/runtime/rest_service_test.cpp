#include "lib/runtime/rest_service.h"

#include <doctest/doctest.h>
#include <cstring>
#include <future>
#include <nlohmann/json.hpp>
#include <vector>

namespace carbonedge {
namespace {

/// Gives its inputs back: "y" is "x", "z" is "n".
class EchoBackend : public InferenceBackend {
public:
    [[nodiscard]] std::string server_name() const override { return "echo"; }
    [[nodiscard]] bool ready() const override { return is_ready; }
    [[nodiscard]] std::vector<std::string> model_names() const override { return {"a mix"}; }
    [[nodiscard]] std::optional<ServedModel> find_model(const std::string& name) const override {
        if (name != "a mix") return std::nullopt;
        return ServedModel{name,
                           "test",
                           {parse_input_spec("x=2x2:float32"), parse_input_spec("n=3:int64")},
                           {parse_input_spec("y=2x2:float32"), parse_input_spec("z=3:int64")}};
    }
    void start(InferenceCall call, Answered answered) override {
        if (failure) {
            answered(*failure);
        } else {
            if (loses_outputs) call.inputs.pop_back();
            answered(call.inputs);
        }
    }
    void ended(ClientProtocol protocol, InferenceResult result, Nanoseconds /*duration*/) override {
        CHECK(protocol == ClientProtocol::kRest);
        results.push_back(result);
    }

    bool is_ready = true;
    bool loses_outputs = false;  ///< gives fewer than its model says
    std::optional<InferenceFailure> failure;
    std::vector<InferenceResult> results;
};

struct Session {
    EchoBackend backend;
    RestService service{backend, [] { return std::string("metric 1\n"); }, 4};

    HttpServerResponse ask(const std::string& method, const std::string& target, const std::string& body = "",
                           const std::string& json_length = "") {
        HttpServerRequest request{method, target, {}, body};
        if (!json_length.empty()) request.headers["inference-header-content-length"] = json_length;
        std::promise<HttpServerResponse> promise;
        service.handle(std::move(request),
                       [&promise](HttpServerResponse given) { promise.set_value(std::move(given)); });
        return promise.get_future().get();
    }
    HttpServerResponse infer(const std::string& body, const std::string& json_length = "") {
        return ask("POST", "/v2/models/a%20mix/infer", body, json_length);
    }
};

const std::string kX = R"({"name":"x","datatype":"FP32","shape":[2,2],"data":[0.5,1,-2e3,4]})";
const std::string kN = R"({"name":"n","datatype":"INT64","shape":[3],"data":[1,-9007199254740993,3]})";

std::string request_of(const std::string& inputs, const std::string& more = "") {
    return R"({"inputs":[)" + inputs + "]" + more + "}";
}

template <class Element>
std::string bytes_of(const std::vector<Element>& values) {
    std::string bytes(values.size() * sizeof(Element), '\0');
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

TEST_CASE("paths of the protocol that are read") {
    struct Case {
        std::string method;
        std::string target;
        unsigned status;
        const char* body;
    };
    const std::vector<Case> cases = {
        {"GET", "/v2/health/live", 200, R"({"live":true})"},
        {"GET", "/v2/health/ready", 200, R"({"ready":true})"},
        {"GET", "/v2", 200, R"("extensions":["binary_tensor_data"])"},
        {"GET", "/v2/", 200, R"("name":"echo")"},
        {"GET", "/v2?verbose", 200, R"("name":"echo")"},
        {"GET", "/v2/models/a%20mix", 200,
         R"("inputs":[{"name":"x","datatype":"FP32","shape":[2,2]},{"name":"n","datatype":"INT64","shape":[3]}])"},
        {"GET", "/v2/models/a%20mix/versions/1", 200, R"("platform":"test")"},
        {"GET", "/v2/models/a%20mix/ready", 200, R"({"name":"a mix","ready":true})"},
        {"GET", "/v2/models/a%20mix/versions/1/ready", 200, R"("ready":true)"},
        {"GET", "/metrics", 200, "metric 1"},
        {"GET", "/", 404, "there is nothing at '/'; see /v2"},
        {"GET", "/v2/models", 404, "there is nothing at"},
        {"GET", "/v2/models/a%20mix/stats", 404, "a model has no 'stats'; valid: ready, infer"},
        {"GET", "/v2/models/a%20mix/versions/2", 404, "unknown version '2'; valid: 1"},
        {"GET", "/v2/models/a%20max", 404, "unknown model 'a max' (did you mean 'a mix'?); valid: a mix"},
        {"POST", "/v2/models/b/infer", 404, "unknown model 'b'; valid: a mix"},
        {"GET", "/v2/models/a%2", 400, "a % without two hexadecimal digits"},
        {"POST", "/v2", 405, "answered to GET only"},
        {"DELETE", "/v2/models/a%20mix", 405, "answered to GET only"},
        {"GET", "/v2/models/a%20mix/infer", 405, "answered to POST only"},
    };
    Session session;
    for (const Case& each : cases) {
        CAPTURE(each.method);
        CAPTURE(each.target);
        const HttpServerResponse response = session.ask(each.method, each.target);
        CHECK(response.status == each.status);
        CAPTURE(response.body);
        CHECK(response.body.find(each.body) != std::string::npos);
    }
    session.backend.is_ready = false;
    CHECK(session.ask("GET", "/v2/health/live").status == 200);
    CHECK(session.ask("GET", "/v2/health/ready").status == 503);
    CHECK(session.ask("GET", "/v2/models/a%20mix/ready").status == 503);
}

TEST_CASE("data in JSON goes in and comes out, exactly") {
    Session session;
    const HttpServerResponse response =
        session.infer(request_of(kN + "," + kX, R"(,"id":"se\"ven","unknown":{"a":[1,{}]})"));
    REQUIRE(response.status == 200);
    CHECK(response.content_type == "application/json");
    const nlohmann::json answer = nlohmann::json::parse(response.body);
    CHECK(answer["model_name"] == "a mix");
    CHECK(answer["model_version"] == "1");
    CHECK(answer["id"] == "se\"ven");
    REQUIRE(answer["outputs"].size() == 2);
    CHECK(answer["outputs"][0]["name"] == "y");
    CHECK(answer["outputs"][0]["shape"] == std::vector<int>{2, 2});
    CHECK(answer["outputs"][0]["data"] == std::vector<double>{0.5, 1, -2000, 4});
    CHECK(answer["outputs"][1]["data"] == std::vector<std::int64_t>{1, -9007199254740993, 3});
    CHECK(session.backend.results == std::vector<InferenceResult>{InferenceResult::kOk});

    const HttpServerResponse nested =
        session.infer(request_of(kN + R"(,{"data":[[0.1,0.2],[0.3,0.4]],"shape":[2,2],"datatype":"FP32","name":"x"})",
                                 R"(,"outputs":[{"name":"y"}])"));
    REQUIRE(nested.status == 200);
    const nlohmann::json one = nlohmann::json::parse(nested.body);
    REQUIRE(one["outputs"].size() == 1);
    CHECK(one["outputs"][0]["data"].dump() == "[0.1,0.2,0.3,0.4]");
}

TEST_CASE("binary data goes in and comes out behind the JSON") {
    Session session;
    const std::string x = bytes_of<float>({1, 2, 3, std::numeric_limits<float>::infinity()});
    const std::string n = bytes_of<std::int64_t>({7, 8, 9});
    const std::string inputs = R"({"name":"n","datatype":"INT64","shape":[3],"parameters":{"binary_data_size":24}},)"
                               R"({"name":"x","datatype":"FP32","shape":[2,2],"parameters":{"binary_data_size":16}})";
    const std::string json = request_of(inputs, R"(,"parameters":{"binary_data_output":true})");
    const HttpServerResponse both = session.infer(json + n + x, std::to_string(json.size()));
    REQUIRE(both.status == 200);
    CHECK(both.content_type == "application/octet-stream");
    REQUIRE(both.headers.size() == 1);
    CHECK(both.headers[0].first == "Inference-Header-Content-Length");
    const std::size_t length = std::stoul(both.headers[0].second);
    CHECK(both.body.substr(length) == x + n);
    const nlohmann::json head = nlohmann::json::parse(both.body.substr(0, length));
    CHECK(head["outputs"][0]["parameters"]["binary_data_size"] == 16);
    CHECK_FALSE(head["outputs"][0].contains("data"));

    const std::string mixed_json =
        request_of(inputs, R"(,"outputs":[{"name":"y","parameters":{"binary_data":true}},{"name":"z"}])");
    const HttpServerResponse mixed = session.infer(mixed_json + n + x, std::to_string(mixed_json.size()));
    REQUIRE(mixed.status == 200);
    const std::size_t mixed_length = std::stoul(mixed.headers.at(0).second);
    CHECK(mixed.body.substr(mixed_length) == x);
    CHECK(nlohmann::json::parse(mixed.body.substr(0, mixed_length))["outputs"][1]["data"] == std::vector<int>{7, 8, 9});

    const std::string plain = request_of(inputs);
    const HttpServerResponse infinite = session.infer(plain + n + x, std::to_string(plain.size()));
    CHECK(infinite.status == 500);
    CHECK(infinite.body.find("output 'y' has values that JSON has no form for") != std::string::npos);
}

TEST_CASE("wrong requests are told what is wrong") {
    struct Case {
        std::string what;
        std::string body;
        const char* json_length;
        const char* problem;
    };
    const auto x_with = [](const std::string& data) {
        return request_of(kN + R"(,{"name":"x","datatype":"FP32","shape":[2,2],"data":)" + data + "}");
    };
    const std::string binary =
        request_of(kN + R"(,{"name":"x","datatype":"FP32","shape":[2,2],"parameters":{"binary_data_size":16}})");
    const std::string binary_length = std::to_string(binary.size());
    const std::vector<Case> cases = {
        {"nothing", "", "", "the body is no JSON: it goes wrong at byte"},
        {"cut off", R"({"inputs":[{"name")", "", "the body is no JSON: it goes wrong at byte 19"},
        {"two values", "{} {}", "", "the body is no JSON: it goes wrong at byte 4"},
        {"broken UTF-8", "{\"id\":\"\xff\"}", "", "the body is no JSON"},
        {"a list", "[1]", "", "the body is an array, expected an object with 'inputs'"},
        {"a number", "7", "", "the body is 7, expected an object with 'inputs'"},
        {"no inputs", "{}", "", "model 'a mix' takes 2 inputs, 0 came"},
        {"inputs of another kind", R"({"inputs":{}})", "", "'inputs' is an object, expected an array"},
        {"an input of another kind", R"({"inputs":[1]})", "", "'inputs' has 1 in it, expected objects"},
        {"a name of another kind", R"({"inputs":[{"name":1}]})", "", "'name' is 1, expected a text"},
        {"a shape of another kind", R"({"inputs":[{"shape":[-1]}]})", "", "the shape of an input has -1 in it"},
        {"one input", request_of(kX), "", "model 'a mix' takes 2 inputs, 1 came"},
        {"an input twice", request_of(kX + R"(,{"name":"x","datatype":"FP32","shape":[2,2],"data":[]})"), "",
         "input 'x' came twice"},
        {"unknown input", request_of(kX + R"(,{"name":"m","datatype":"INT64","shape":[3],"data":[1,2,3]})"), "",
         "unknown input 'm' (did you mean 'x'?); valid: x, n"},
        {"wrong type", request_of(kX + R"(,{"name":"n","datatype":"INT32","shape":[3],"data":[1,2,3]})"), "",
         "input 'n' is INT32 3, the model takes INT64 3"},
        {"wrong shape", request_of(kX + R"(,{"name":"n","datatype":"INT64","shape":[1,3],"data":[1,2,3]})"), "",
         "input 'n' is INT64 1x3, the model takes INT64 3"},
        {"too few values", x_with("[1,2,3]"), "", "the content of input 'x' has 12 bytes, FP32 2x2 needs 16"},
        {"no data", request_of(kN + R"(,{"name":"x","datatype":"FP32","shape":[2,2]})"), "",
         "the content of input 'x' has 0 bytes, FP32 2x2 needs 16"},
        {"too many values", x_with("[1,2,3,4,5]"), "", "more than 7 values came, which is all that"},
        {"endless nothing", x_with("[[],[],[],[],[],[],[],[]]"), "", "more than 7 values came"},
        {"ragged", x_with("[[1],[2,3,4]]"), "", "the data of input 'x' is ragged: arrays of 1 and of 3 elements"},
        {"mixed", x_with("[1,[2,3,4]]"), "", "has numbers and arrays side by side"},
        {"nested otherwise", x_with("[[1,2,3,4]]"), "", "the data of input 'x' is nested as 1x4, its shape is 2x2"},
        {"a text among numbers", x_with(R"([1,2,"3",4])"), "", "the data of input 'x' has a text in it"},
        {"data twice", x_with(R"([1,2,3,4],"data":[1])"), "", "an input's 'data' came twice"},
        {"beyond the type", x_with("[1,2,3,1e39]"), "", "1e+39 of input 'x' is no FP32"},
        {"beyond doubles", x_with("[1,2,3,1e999]"), "", "the body is no JSON"},
        {"not whole", request_of(kX + R"(,{"name":"n","datatype":"INT64","shape":[3],"data":[1,2,2.5]})"), "",
         "2.5 of input 'n' is no INT64"},
        {"beyond integers",
         request_of(kX + R"(,{"name":"n","datatype":"INT64","shape":[3],"data":[1,2,18446744073709551615]})"), "",
         "of input 'n' is no INT64"},
        {"deep", R"({"a":)" + std::string(10'000, '[') + std::string(10'000, ']') + "}", "", "nested too deeply"},
        {"unknown output", request_of(kX + "," + kN, R"(,"outputs":[{"name":"w"}])"), "",
         "unknown output 'w' (did you mean 'y'?); valid: y, z"},
        {"an output twice", request_of(kX + "," + kN, R"(,"outputs":[{"name":"y"},{"name":"y"}])"), "",
         "output 'y' is asked for twice"},
        {"a length beyond the body", binary, "100000", "Inference-Header-Content-Length is no length of JSON"},
        {"a length that is none", binary, "-1", "Inference-Header-Content-Length is no length of JSON"},
        {"binary data missing", binary + "short", binary_length.c_str(), "the binary data of input 'x' ends beyond"},
        {"binary data left over", binary + std::string(17, '.'), binary_length.c_str(),
         "1 bytes follow the last input's data"},
        {"half a binary request", binary, "", "the binary data of input 'x' ends beyond the body"},
        {"data and binary data",
         request_of(kN +
                    R"(,{"name":"x","datatype":"FP32","shape":[2,2],"data":[1],"parameters":{"binary_data_size":0}})"),
         "", "input 'x' has data and binary_data_size; give one"},
    };
    Session session;
    for (const Case& each : cases) {
        CAPTURE(each.what);
        const HttpServerResponse response = session.infer(each.body, each.json_length);
        CAPTURE(response.body);
        CHECK(response.status == 400);
        const nlohmann::json answer = nlohmann::json::parse(response.body);
        CHECK(answer["error"].get<std::string>().find(each.problem) != std::string::npos);
    }
    for (const InferenceResult result : session.backend.results) CHECK(result == InferenceResult::kInvalid);
}

TEST_CASE("failures have their status") {
    struct Case {
        InferenceFailure::Kind kind;
        unsigned status;
        InferenceResult result;
    };
    const std::vector<Case> cases = {
        {InferenceFailure::Kind::kInvalidInput, 400, InferenceResult::kInvalid},
        {InferenceFailure::Kind::kUnavailable, 503, InferenceResult::kUnavailable},
        {InferenceFailure::Kind::kTimeout, 504, InferenceResult::kTimeout},
        {InferenceFailure::Kind::kFailed, 500, InferenceResult::kFailed},
    };
    for (const Case& each : cases) {
        Session session;
        session.backend.failure = InferenceFailure{each.kind, "it is \"Sunday\""};
        const HttpServerResponse response = session.infer(request_of(kX + "," + kN));
        CHECK(response.status == each.status);
        CHECK(nlohmann::json::parse(response.body)["error"] == "it is \"Sunday\"");
        CHECK(session.backend.results == std::vector<InferenceResult>{each.result});
    }
}

TEST_CASE("an answer that cannot be written is an error of the server's, and the next is given") {
    Session session;
    session.backend.loses_outputs = true;
    const HttpServerResponse lost = session.infer(request_of(kX + "," + kN));
    CHECK(lost.status == 500);
    CHECK(lost.body.find("error") != std::string::npos);
    session.backend.loses_outputs = false;
    CHECK(session.infer(request_of(kX + "," + kN)).status == 200);
}

}  // namespace
}  // namespace carbonedge
