#include "lib/profiler/memory_probe.h"

#include "lib/base/errors.h"
#include "lib/measure/machine.h"
#include "lib/model/model.h"

#include <fmt/format.h>
#include <sstream>

namespace carbonedge {

StageMemory probe_stage_memory(const std::string& path, bool optimise, int threads) {
    configure_allocator();
    configure_model_threads(threads);
    StageMemory memory;
    memory.base = read_process_memory().resident;
    reset_peak_memory();
    StageModule stage = StageModule::load(path, optimise);
    std::vector<HostTensor> inputs;
    for (const InputSpec& spec : stage.input_specs()) inputs.push_back(random_tensor(spec, 0));
    stage.run(inputs);
    stage.run(inputs);
    memory.peak = read_process_memory().peak;
    return memory;
}

std::string stage_memory_text(const StageMemory& memory) {
    return fmt::format("stage-memory {} {}\n", memory.base.value(), memory.peak.value());
}

StageMemory parse_stage_memory(std::string_view text) {
    std::istringstream words{std::string(text)};
    std::string mark;
    std::int64_t base = 0;
    std::int64_t peak = 0;
    if (!(words >> mark >> base >> peak) || mark != "stage-memory" || base <= 0 || peak < base) {
        throw EnvironmentError(fmt::format("the memory probe answered '{}'", text), "run it again with more memory");
    }
    return {Bytes(base), Bytes(peak)};
}

}  // namespace carbonedge
