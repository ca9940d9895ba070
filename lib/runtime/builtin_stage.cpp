#include "lib/runtime/builtin_stage.h"

#include "lib/base/errors.h"
#include "lib/runtime/tensor_batch.h"
#include "lib/transport/clocks.h"

#include <fmt/format.h>
#include <charconv>
#include <fstream>
#include <iterator>

namespace carbonedge {
namespace {

constexpr std::string_view kSchema = "carbonedge.builtin-stage/1";

std::int64_t parse_integer(std::string_view text, const std::string& file, long line) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
        throw InputError(file, line, fmt::format("'{}' is not an integer", text));
    }
    return number;
}

std::vector<HostTensor> blank_outputs(const BuiltinStage& stage) {
    std::vector<HostTensor> outputs;
    for (const InputSpec& spec : stage.outputs) {
        HostTensor tensor;
        tensor.name = spec.name;
        tensor.dtype = spec.dtype;
        tensor.shape = spec.shape;
        tensor.content.resize(static_cast<std::size_t>(tensor_bytes(spec.dtype, spec.shape).value()));
        outputs.push_back(std::move(tensor));
    }
    return outputs;
}

void fill_outputs(const BuiltinStage& stage, const std::vector<TensorView>& inputs, std::vector<HostTensor>& outputs) {
    std::size_t input = 0;
    std::size_t position = 0;
    for (HostTensor& output : outputs) {
        for (std::byte& byte : output.content) {
            while (position == inputs[input].size) {
                position = 0;
                input = (input + 1) % inputs.size();
            }
            const int value = std::to_integer<int>(inputs[input].content[position++]);
            byte = static_cast<std::byte>((stage.multiply * value + stage.add) & 0xFF);
        }
    }
}

class BuiltinRunner : public StageRunner {
public:
    explicit BuiltinRunner(const BuiltinStage& stage)
        : stage_(stage),
          outputs_(blank_outputs(stage)),
          touched_(static_cast<std::size_t>(stage.touch.value()) / sizeof(std::uint64_t), 1) {}

    [[nodiscard]] const std::vector<InputSpec>& input_specs() const override { return stage_.inputs; }
    [[nodiscard]] const std::vector<InputSpec>& output_specs() const override { return stage_.outputs; }
    [[nodiscard]] const std::string& execution() const override { return execution_; }

    void run(const std::vector<TensorView>& inputs, const ReadOutputs& read) override {
        const std::size_t batch = batch_in(inputs);
        const std::string mismatch = describe_mismatch(stage_.inputs, part_of(inputs, 0, batch));
        if (!mismatch.empty()) throw InputError("builtin stage", 0, mismatch);
        if (batch > 1 && !stage_.batches)
            throw InputError("builtin stage", 0, "a batch of 1 is built into the network");
        if (!stage_.fail.empty()) throw InputError("builtin stage", 0, stage_.fail);
        const Nanoseconds start = read_clock(CLOCK_THREAD_CPUTIME_ID);
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < touched_.size(); i += 8) sum += touched_[i];
        touched_sum_ = sum;
        while (read_clock(CLOCK_THREAD_CPUTIME_ID) - start < stage_.burn) {
        }
        const bool identity = stage_.multiply == 1 && stage_.add == 0;
        if (batch > 1) {
            run_batch(inputs, batch, read);
            return;
        }
        if (identity && message_bytes(stage_.inputs) == message_bytes(stage_.outputs) && inputs.size() == 1 &&
            outputs_.size() == 1) {
            read({{outputs_[0].dtype, outputs_[0].shape, inputs[0].content, inputs[0].size}});
            return;
        }
        fill_outputs(stage_, inputs, outputs_);
        read(views_of(outputs_));
    }

private:
    [[nodiscard]] std::size_t batch_in(const std::vector<TensorView>& inputs) const {
        if (inputs.empty() || inputs[0].shape.empty() || stage_.inputs[0].shape.empty()) return 1;
        const std::int64_t batch = inputs[0].shape[0] / std::max<std::int64_t>(stage_.inputs[0].shape[0], 1);
        return static_cast<std::size_t>(std::max<std::int64_t>(batch, 1));
    }

    void run_batch(const std::vector<TensorView>& inputs, std::size_t batch, const ReadOutputs& read) {
        std::vector<std::vector<HostTensor>> results(batch, blank_outputs(stage_));
        std::vector<std::vector<TensorView>> views;
        std::vector<const std::vector<TensorView>*> members;
        for (std::size_t i = 0; i < batch; ++i) {
            fill_outputs(stage_, part_of(inputs, i, batch), results[i]);
            views.push_back(views_of(results[i]));
        }
        for (const auto& view : views) members.push_back(&view);
        std::shared_ptr<TensorBuffer> owner;
        read(joined_tensors(members, *pool_, owner));
    }

    std::shared_ptr<BufferPool> pool_ = BufferPool::create();
    BuiltinStage stage_;
    std::vector<HostTensor> outputs_;
    std::vector<std::uint64_t> touched_;
    volatile std::uint64_t touched_sum_ = 0;  ///< so that the reading cannot be left out
    std::string execution_ = "builtin";
};

}  // namespace

std::string builtin_stage_text(const BuiltinStage& stage) {
    std::string text(kSchema);
    text += "\n";
    for (const InputSpec& spec : stage.inputs) text += "input " + input_spec_text(spec) + "\n";
    for (const InputSpec& spec : stage.outputs) text += "output " + input_spec_text(spec) + "\n";
    text += fmt::format("multiply {}\nadd {}\nburn_ns {}\ntouch_bytes {}\n", stage.multiply, stage.add,
                        stage.burn.count(), stage.touch.value());
    if (!stage.fail.empty()) text += "fail " + stage.fail + "\n";
    if (!stage.batches) text += "batches no\n";
    return text;
}

BuiltinStage parse_builtin_stage(std::string_view text, const std::string& file) {
    BuiltinStage stage;
    long line = 0;
    while (!text.empty()) {
        const std::string_view row = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), row.size() + 1));
        if (++line == 1) {
            if (row != kSchema) throw InputError(file, line, fmt::format("the first line is not '{}'", kSchema));
            continue;
        }
        const std::string_view key = row.substr(0, row.find(' '));
        const std::string_view value = row.substr(std::min(row.size(), key.size() + 1));
        if (key == "input") {
            stage.inputs.push_back(parse_input_spec(value));
        } else if (key == "output") {
            stage.outputs.push_back(parse_input_spec(value));
        } else if (key == "multiply") {
            stage.multiply = static_cast<int>(parse_integer(value, file, line) & 0xFF);
        } else if (key == "add") {
            stage.add = static_cast<int>(parse_integer(value, file, line) & 0xFF);
        } else if (key == "burn_ns") {
            stage.burn = Nanoseconds(parse_integer(value, file, line));
        } else if (key == "touch_bytes") {
            stage.touch = Bytes(parse_integer(value, file, line));
        } else if (key == "fail") {
            stage.fail = std::string(value);
        } else if (key == "batches") {
            stage.batches = value != "no";
        } else {
            throw InputError(file, line, fmt::format("unknown key '{}'", key));
        }
    }
    if (message_bytes(stage.inputs).value() == 0 || message_bytes(stage.outputs).value() == 0) {
        throw InputError(file, 0, "a builtin stage needs an input and an output");
    }
    return stage;
}

bool is_builtin_stage(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string start(kSchema.size(), '\0');
    return file.read(start.data(), static_cast<std::streamsize>(start.size())) && start == kSchema;
}

std::vector<HostTensor> expected_outputs(const BuiltinStage& stage, const std::vector<HostTensor>& inputs) {
    std::vector<HostTensor> outputs = blank_outputs(stage);
    fill_outputs(stage, views_of(inputs), outputs);
    return outputs;
}

std::unique_ptr<StageRunner> make_builtin_runner(const BuiltinStage& stage) {
    return std::make_unique<BuiltinRunner>(stage);
}

std::unique_ptr<StageRunner> BuiltinLoader::load(const std::string& path, bool /*optimise*/) {
    std::ifstream file(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    return make_builtin_runner(parse_builtin_stage(text, path));
}

}  // namespace carbonedge
