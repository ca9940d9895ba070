#include "lib/runtime/torch_stage.h"

#include "lib/base/errors.h"
#include "lib/model/model.h"
#include "lib/runtime/builtin_stage.h"

#include <fmt/format.h>
#include <algorithm>
#include <cstdlib>

namespace carbonedge {
namespace {

class TorchRunner : public StageRunner {
public:
    explicit TorchRunner(StageModule module) : module_(std::move(module)) {}

    [[nodiscard]] const std::vector<InputSpec>& input_specs() const override { return module_.input_specs(); }
    [[nodiscard]] const std::vector<InputSpec>& output_specs() const override { return module_.output_specs(); }
    [[nodiscard]] const std::string& execution() const override { return module_.execution(); }

    void run(const std::vector<TensorView>& inputs, const ReadOutputs& read) override {
        std::vector<StageModule::TensorView> views;
        views.reserve(inputs.size());
        for (const TensorView& input : inputs) views.push_back({input.dtype, input.shape, input.content, input.size});
        module_.run(views, [&read](const std::vector<StageModule::TensorView>& outputs) {
            std::vector<TensorView> given;
            given.reserve(outputs.size());
            for (const auto& output : outputs)
                given.push_back({output.dtype, output.shape, output.content, output.size});
            read(given);
        });
    }

private:
    StageModule module_;
};

class TorchLoader : public StageLoader {
public:
    void prepare_model_thread() override { carbonedge::prepare_model_thread(); }

    std::unique_ptr<StageRunner> load(const std::string& path, bool optimise) override {
        if (is_builtin_stage(path)) return builtin_.load(path, optimise);
        auto runner = std::make_unique<TorchRunner>(StageModule::load(path, optimise));
        warm(*runner);
        return runner;
    }

private:
    /// The first passes of a TorchScript module compile and plan; requests must not meet them.
    static void warm(TorchRunner& runner) {
        std::vector<HostTensor> inputs;
        for (const InputSpec& spec : runner.input_specs()) inputs.push_back(random_tensor(spec, 0));
        for (int pass = 0; pass < 3; ++pass) runner.run(views_of(inputs), [](const std::vector<TensorView>&) {});
    }

    BuiltinLoader builtin_;
};

class TorchReference : public ReferenceModel {
public:
    explicit TorchReference(Model model) : model_(std::move(model)) {}

    [[nodiscard]] const std::string& sha256() const override { return model_.sha256(); }
    void write_stage(const LayerRange& layers, const std::string& path) override { model_.extract_stage(layers, path); }
    std::vector<HostTensor> run(const std::vector<HostTensor>& inputs) override { return model_.run_reference(inputs); }
    [[nodiscard]] OutputDifference compare(const std::vector<HostTensor>& reference,
                                           const std::vector<HostTensor>& actual) const override {
        return compare_outputs(reference, actual);
    }

private:
    Model model_;
};

}  // namespace

std::unique_ptr<StageLoader> make_torch_loader() { return std::make_unique<TorchLoader>(); }

std::unique_ptr<ReferenceModel> load_reference_model(const std::string& path, const std::vector<InputSpec>& inputs,
                                                     std::uint64_t seed, const Profile& profile) {
    ModelOptions options;
    options.inputs = inputs;
    options.seed = seed;
    options.optimise = profile.execution != "frozen";
    // What the profile found faster is executed; a second comparison of speeds might end otherwise, with other rows.
    options.compare_speed = false;
    const auto depth = profile.environment.find("grouping-depth");
    if (depth != profile.environment.end()) options.grouping_depth = std::atoi(depth->second.c_str());
    Model model = Model::load(path, options);
    const auto same_name = [](const LayerProfile& left, const LayerProfile& right) { return left.name == right.name; };
    // Of another network the caller says so, by its hash; of the same one other rows would be cut in other places.
    if (model.sha256() == profile.model_sha256 &&
        !std::equal(model.layers().begin(), model.layers().end(), profile.layers.begin(), profile.layers.end(),
                    same_name)) {
        throw InputError(
            path, 0,
            fmt::format("has {} layers here, executed {}, where the plan's profile has {}, executed {}; "
                        "profile it again on this kind of machine",
                        model.layers().size(), model.execution(), profile.layers.size(), profile.execution));
    }
    return std::make_unique<TorchReference>(std::move(model));
}

}  // namespace carbonedge
