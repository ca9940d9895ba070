#include "lib/base/errors.h"
#include "lib/runtime/batch_refusal.h"
#include "lib/runtime/tensor_batch.h"
#include "tests/unit/runtime/pipeline_fixture.h"

#include <doctest/doctest.h>
#include <cmath>
#include <cstring>

namespace carbonedge {
namespace {

constexpr Nanoseconds kLong = std::chrono::minutes(10);

/// Answers of requests that are all in the pipeline at once.
std::vector<Answer> ask_together(InProcessPipeline& pipeline, const std::vector<std::vector<HostTensor>>& requests,
                                 Nanoseconds deadline = Nanoseconds(0)) {
    std::vector<std::promise<Answer>> promises(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
        pipeline.gateway().submit(
            0, views_of(requests[i]), nullptr, now_monotonic(),
            [&promises, i](Answer answer) { promises[i].set_value(std::move(answer)); }, deadline);
    }
    std::vector<Answer> answers;
    for (std::promise<Answer>& promise : promises) answers.push_back(promise.get_future().get());
    return answers;
}

Nanoseconds sum_of_parts(const RequestRecord& record) {
    Nanoseconds sum = record.wait + record.return_transfer;
    for (const StageRecord& stage : record.stages) sum += stage.transfer + stage.queue + stage.compute;
    return sum;
}

/// A network of one float to one float whose answers depend on what `behave` makes of a batch.
class ScriptedRunner : public StageRunner {
public:
    using Behave = std::function<void(std::vector<float>& values, std::vector<std::int64_t>& shape)>;
    explicit ScriptedRunner(Behave behave) : behave_(std::move(behave)) {}
    [[nodiscard]] const std::vector<InputSpec>& input_specs() const override { return specs_; }
    [[nodiscard]] const std::vector<InputSpec>& output_specs() const override { return specs_; }
    [[nodiscard]] const std::string& execution() const override { return execution_; }
    void run(const std::vector<TensorView>& inputs, const ReadOutputs& read) override {
        std::vector<float> values(inputs[0].size / sizeof(float));
        std::memcpy(values.data(), inputs[0].content, inputs[0].size);
        std::vector<std::int64_t> shape = inputs[0].shape;
        behave_(values, shape);
        read({{DType::kFloat32, shape, reinterpret_cast<const std::byte*>(values.data()),
               values.size() * sizeof(float)}});
    }

private:
    std::vector<InputSpec> specs_{parse_input_spec("x=1x4:float32")};
    std::string execution_ = "scripted";
    Behave behave_;
};

TEST_CASE("tensors that were joined come apart as they were") {
    const auto pool = BufferPool::create();
    std::vector<std::vector<HostTensor>> requests;
    std::vector<std::vector<TensorView>> views;
    for (std::uint64_t i = 0; i < 5; ++i) {
        requests.push_back({random_tensor(parse_input_spec("a=2x3:float32"), i),
                            random_tensor(parse_input_spec("b=1x7:uint8[0,256)"), 10 + i)});
        views.push_back(views_of(requests.back()));
    }
    std::vector<const std::vector<TensorView>*> members;
    for (const auto& view : views) members.push_back(&view);
    std::shared_ptr<TensorBuffer> owner;
    const std::vector<TensorView> joined = joined_tensors(members, *pool, owner);
    CHECK(joined[0].shape == std::vector<std::int64_t>{10, 3});
    CHECK(joined[1].shape == std::vector<std::int64_t>{5, 7});
    for (const TensorView& tensor : joined) {
        CHECK(reinterpret_cast<std::uintptr_t>(tensor.content) % TensorBuffer::kAlignment == 0);
    }
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const std::vector<TensorView> part = part_of(joined, i, requests.size());
        for (std::size_t t = 0; t < part.size(); ++t) {
            const HostTensor back = copy_of(part[t]);
            CHECK(back.shape == requests[i][t].shape);
            CHECK(back.content == requests[i][t].content);
        }
    }
}

TEST_CASE("requests that come together share passes, and each gets the outputs that it would get alone") {
    const std::vector<BuiltinStage> stages = chain_of(3);
    std::vector<std::vector<HostTensor>> requests;
    for (std::uint64_t seed = 0; seed < 8; ++seed) requests.push_back(inputs_of(stages[0], seed));
    // Nothing but a full batch ends the wait.
    InProcessPipeline pipeline(stages, kLong, {4, kLong});
    for (std::size_t i = 0; i < stages.size(); ++i) CHECK(pipeline.specs(i).batch_refusal.empty());
    const std::vector<Answer> answers = ask_together(pipeline, requests);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        REQUIRE_MESSAGE(answers[i].record.ok, answers[i].record.error);
        std::vector<HostTensor> expected = requests[i];
        for (const BuiltinStage& stage : stages) expected = expected_outputs(stage, expected);
        REQUIRE(answers[i].outputs.size() == expected.size());
        for (std::size_t t = 0; t < expected.size(); ++t) {
            CHECK(answers[i].outputs[t].shape == expected[t].shape);
            CHECK(answers[i].outputs[t].content == expected[t].content);
        }
        REQUIRE(answers[i].record.stages.size() == stages.size());
        for (const StageRecord& stage : answers[i].record.stages) CHECK(stage.batch == 4);
        CHECK(sum_of_parts(answers[i].record) == answers[i].record.latency);
    }
}

TEST_CASE("a stage with a batch built in takes single requests, and says why") {
    std::vector<BuiltinStage> stages = chain_of(2);
    stages[1].batches = false;
    InProcessPipeline pipeline(stages, kLong, {2, kLong});
    CHECK(pipeline.specs(0).batch_refusal.empty());
    CHECK(pipeline.specs(1).batch_refusal == "builtin stage: a batch of 1 is built into the network");
    for (const Answer& answer : ask_together(pipeline, {inputs_of(stages[0], 1), inputs_of(stages[0], 2)})) {
        REQUIRE(answer.record.ok);
        CHECK(answer.record.stages.at(0).batch == 2);
        CHECK(answer.record.stages.at(1).batch == 1);
    }
}

TEST_CASE("a network whose batches are not what its requests are alone is refused") {
    struct Case {
        const char* what;
        ScriptedRunner::Behave behave;
        std::string refusal;
    };
    const std::vector<Case> cases{
        {"each on its own",
         [](std::vector<float>& values, std::vector<std::int64_t>&) {
             for (float& value : values) value = 2 * value + 1;
         },
         ""},
        {"mixes requests",
         [](std::vector<float>& values, std::vector<std::int64_t>&) { values.front() += 10 * values.back(); },
         "output 0 of a request is another in a batch of two than alone"},
        {"keeps the first only",
         [](std::vector<float>& values, std::vector<std::int64_t>& shape) {
             values.resize(4);
             shape = {1, 4};
         },
         "output 0 of one request is 1x4, of two together 1x4: the batch is built into the network"},
        {"gives NaN in a batch",
         [](std::vector<float>& values, std::vector<std::int64_t>&) {
             if (values.size() > 4) values.back() = NAN;
         },
         "output 0 of a request is another in a batch of two than alone"},
        {"fails",
         [](std::vector<float>& values, std::vector<std::int64_t>&) {
             if (values.size() > 4) throw InputError("net.pt", 0, "cannot run: shape '[1, 4]' is invalid");
         },
         "net.pt: cannot run: shape '[1, 4]' is invalid"},
    };
    for (const Case& example : cases) {
        CAPTURE(example.what);
        ScriptedRunner runner(example.behave);
        PassTimes times;
        CHECK(batch_refusal(runner, 4, times) == example.refusal);
        if (example.refusal.empty()) CHECK(times.expected(4) > Nanoseconds(0));
    }
}

TEST_CASE("a pass that fails is tried again for each of its requests") {
    std::vector<BuiltinStage> stages = chain_of(1);
    InProcessPipeline whole(stages, kLong, {2, kLong});
    stages[0].fail = "out of range";
    InProcessPipeline pipeline(stages, kLong, {2, kLong});
    for (const Answer& answer : ask_together(pipeline, {inputs_of(stages[0], 1), inputs_of(stages[0], 2)})) {
        CHECK_FALSE(answer.record.ok);
        CHECK_FALSE(answer.record.dropped);
        CHECK(answer.record.error == "node 'n0': builtin stage: out of range");
    }
}

TEST_CASE("a batch does not wait longer than a deadline allows") {
    const std::vector<BuiltinStage> stages = chain_of(1);
    InProcessPipeline pipeline(stages, kLong, {4, kLong});
    const Nanoseconds deadline = now_monotonic() + std::chrono::seconds(2);
    const std::vector<Answer> answers = ask_together(pipeline, {inputs_of(stages[0], 1)}, deadline);
    CHECK(answers[0].record.latency < kLong);
    CHECK(answers[0].record.latency > std::chrono::seconds(1));
}

TEST_CASE("a request that cannot make its deadline is dropped where that is seen, and said to be") {
    const std::vector<BuiltinStage> stages = chain_of(2);
    // After each stage an hour is needed.
    InProcessPipeline pipeline(stages, kLong, {}, {std::chrono::hours(1), std::chrono::hours(1)});
    const std::vector<HostTensor> inputs = inputs_of(stages[0], 1);
    const Answer hopeless = ask_together(pipeline, {inputs}, now_monotonic() + std::chrono::minutes(59))[0];
    CHECK_FALSE(hopeless.record.ok);
    CHECK(hopeless.record.dropped);
    CHECK(hopeless.record.error.starts_with("dropped at node 'n0': "));
    CHECK(hopeless.record.error.ends_with("3600 s are needed"));
    REQUIRE(hopeless.record.stages.size() == 1);
    CHECK(hopeless.record.stages[0].compute == Nanoseconds(0));
    CHECK(hopeless.record.stages[0].input_bytes == Bytes(1024));
    CHECK(hopeless.outputs.empty());
    const Answer early = ask_together(pipeline, {inputs}, now_monotonic() + std::chrono::hours(2))[0];
    CHECK(early.record.ok);
    const Answer overdue = ask_together(pipeline, {inputs}, now_monotonic() - std::chrono::seconds(1))[0];
    CHECK(overdue.record.dropped);
    CHECK(overdue.record.error.starts_with("dropped at the gateway: "));
    CHECK(overdue.record.stages.empty());
    CHECK(pipeline.warnings().empty());
}

}  // namespace
}  // namespace carbonedge
