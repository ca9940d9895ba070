#pragma once

#include "lib/partition/partition.h"
#include "lib/profile/profile.h"
#include "lib/tensor/tensor.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace carbonedge {

/// Fixes everything that "N threads" means for this process (docs/measuring.md): LibTorch intra- and inter-op, OpenMP,
/// OpenBLAS. Call once before any model is loaded, and `prepare_model_thread()` in every other thread that runs a
/// model.
void configure_model_threads(int threads);
void prepare_model_thread();

/// Pins glibc's malloc thresholds, which otherwise shift times by 40 % with process history; returns its description
/// for the profile. Both profile and node call it first thing.
std::string configure_allocator();

/// "OpenBLAS 0.3.21 pthreads (...)", what LibTorch's matrix products really use.
std::string blas_description();

struct ModelOptions {
    std::vector<InputSpec> inputs;
    std::uint64_t seed = 0;                 ///< for the inputs' content
    std::vector<HostTensor> input_tensors;  ///< instead of random content, by position; empty: random
    int grouping_depth = 0;                 ///< 0: leaf modules; n: the first n parts of the module path
    bool optimise = true;                   ///< false: never optimise, execute the frozen module
    bool compare_speed = true;              ///< false: take the optimised module wherever it is right
};

/// One pass, timed per row: marks inside the executing graph.
struct TimedPass {
    std::vector<Nanoseconds> rows;
    std::vector<Nanoseconds> cpu;  ///< CPU time of the process per row, all threads; empty unless asked for
    Nanoseconds whole{0};          ///< around the pass, so a little more than the sum of `rows`
};

/// Largest absolute difference divided by the reference's range, the worst of all outputs. `conclusive` is false where
/// a range is zero, not finite or absurd (above 1e9): the check then says nothing. Integers must be equal.
struct OutputDifference {
    double relative = 0;
    bool conclusive = false;
    std::string remark;
};
OutputDifference compare_outputs(const std::vector<HostTensor>& reference, const std::vector<HostTensor>& actual);

/// What counts as equal outputs everywhere in the toolkit, relative to the output's range.
inline constexpr double kEqualOutputs = 1e-4;

/// A TorchScript module loaded for profiling and cutting. Throws InputError (unreadable, not TorchScript, inputs do not
/// fit) with one clear line.
class Model {
public:
    static Model load(const std::string& path, const ModelOptions& options);
    Model(Model&&) noexcept;
    Model& operator=(Model&&) noexcept;
    ~Model();

    /// Rows with everything that is not a measurement filled in; latencies and energy are left empty.
    [[nodiscard]] const std::vector<LayerProfile>& layers() const;
    [[nodiscard]] const std::vector<ValueRef>& input_values() const;
    [[nodiscard]] const std::vector<std::int64_t>& output_values() const;
    [[nodiscard]] const std::string& sha256() const;
    [[nodiscard]] const std::string& execution() const;  ///< "optimised" | "frozen"
    [[nodiscard]] const std::string& execution_reason() const;
    [[nodiscard]] const std::vector<HostTensor>& inputs() const;
    [[nodiscard]] const std::vector<InputSpec>& input_specs() const;
    /// The executing module against the reference on the loaded inputs, from the check at load.
    [[nodiscard]] const OutputDifference& output_check() const;

    /// The module as loaded, in eval mode, neither frozen nor optimised: the reference of every output check.
    std::vector<HostTensor> run_reference(const std::vector<HostTensor>& inputs);
    /// The module that executes (optimised or frozen), unmarked.
    std::vector<HostTensor> run(const std::vector<HostTensor>& inputs);
    /// One pass of the executing module on the loaded inputs without copying them; for timing.
    void run_once();
    /// One pass of the marked graph on the loaded inputs. Reading CPU clocks costs about 0.3 us a row, so times and
    /// CPU times come from passes of their own.
    TimedPass run_marked(bool with_cpu = false);

    /// Writes rows [first, end) as a TorchScript module of its own (frozen, not optimised: StageModule optimises on
    /// load). Its inputs are the values live at `first`, its outputs those live at `end`, both ascending by id; the
    /// last stage returns the network's outputs in their order. Throws UsageError for a cut that is not legal.
    void extract_stage(const LayerRange& range, const std::string& path) const;

private:
    struct State;
    explicit Model(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// A stage file ready to run. Loading optimises where that is right and not slower; `execution()` says which it was.
class StageModule {
public:
    /// `optimise`: as recorded in the plan's profile ("optimised"); a frozen profile's stages stay frozen.
    static StageModule load(const std::string& path, bool optimise);
    StageModule(StageModule&&) noexcept;
    StageModule& operator=(StageModule&&) noexcept;
    ~StageModule();

    [[nodiscard]] const std::vector<InputSpec>& input_specs() const;  ///< names are "v<id>"
    [[nodiscard]] const std::vector<InputSpec>& output_specs() const;
    [[nodiscard]] const std::string& execution() const;  ///< "optimised" | "frozen"
    [[nodiscard]] const std::string& execution_reason() const;
    [[nodiscard]] const std::string& model_sha256() const;
    [[nodiscard]] const LayerRange& layers() const;

    /// Runs on tensors whose memory the caller keeps alive; outputs are read through `views` before the next run.
    /// Several requests may stand one after the other along the first dimension of every input; whether the network
    /// computes each as if alone is for the caller to check. Throws InputError where an input's dtype or shape does not
    /// fit.
    struct TensorView {
        DType dtype;
        std::vector<std::int64_t> shape;
        const std::byte* content;
        std::size_t size;
    };
    void run(const std::vector<TensorView>& inputs, const std::function<void(const std::vector<TensorView>&)>& views);
    std::vector<HostTensor> run(const std::vector<HostTensor>& inputs);

private:
    struct State;
    explicit StageModule(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Loads the network that a profile was measured on so that its rows are the profile's: same inputs, execution and
/// grouping. Throws InputError on `path` for another file, or where this machine's LibTorch makes other rows of it.
Model load_profiled_model(const std::string& path, const Profile& profile);

/// The manifest `stages.json` that extraction leaves beside the stage files, schema carbonedge.stages/1.
struct StageManifest {
    std::string model_sha256;
    std::string execution;
    struct Entry {
        std::string file;
        LayerRange layers;
        std::vector<InputSpec> inputs;
        std::vector<InputSpec> outputs;
    };
    std::vector<Entry> stages;
};

}  // namespace carbonedge
