#include "lib/model/model.h"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <malloc.h>

#include <atomic>
#include <climits>
#include <sstream>

namespace carbonedge {
namespace {

// OpenMP and OpenBLAS are LibTorch's choice, not ours: their switches are looked up in what is loaded.
template <class Function>
Function* loaded_function(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
}

std::atomic<int>& configured_threads() {
    static std::atomic<int> threads{1};
    return threads;
}

void set_thread_limits(int threads) {
    if (auto* set_openmp = loaded_function<void(int)>("omp_set_num_threads")) set_openmp(threads);
    if (auto* set_openblas = loaded_function<void(int)>("openblas_set_num_threads")) set_openblas(threads);
    at::set_num_threads(threads);
}

}  // namespace

void configure_model_threads(int threads) {
    configured_threads() = threads;
    set_thread_limits(threads);
    if (at::get_num_interop_threads() == 1) return;
    try {
        at::set_num_interop_threads(1);
    } catch (const c10::Error&) {
        // Only possible once per process and before the pool starts; our graphs never fork, so it would stay idle.
    }
}

void prepare_model_thread() {
    at::init_num_threads();
    // OpenMP keeps its limit per thread: a server's thread would start with one worker per core.
    if (auto* set_openmp = loaded_function<void(int)>("omp_set_num_threads")) set_openmp(configured_threads());
}

std::string configure_allocator() {
    // Below the map threshold memory is reused instead of being given back and faulted in again in every pass. One
    // arena makes a server's worker thread allocate exactly as a program's main thread does.
    constexpr int kMapThreshold = 32 * 1024 * 1024;
    constexpr int kTopPad = 16 * 1024 * 1024;
    const bool pinned = mallopt(M_ARENA_MAX, 1) == 1 && mallopt(M_MMAP_THRESHOLD, kMapThreshold) == 1 &&
                        mallopt(M_TRIM_THRESHOLD, INT_MAX) == 1 && mallopt(M_TOP_PAD, kTopPad) == 1;
    return pinned ? "glibc malloc arena_max=1 mmap_threshold=32MiB trim_threshold=2GiB top_pad=16MiB"
                  : "malloc with its own thresholds (they could not be set)";
}

std::string blas_description() {
    auto* config = loaded_function<char*()>("openblas_get_config");
    auto* parallel = loaded_function<int()>("openblas_get_parallel");
    auto* core = loaded_function<char*()>("openblas_get_corename");
    if (config == nullptr) {
        Dl_info library{};
        void* gemm = dlsym(RTLD_DEFAULT, "sgemm_");
        if (gemm == nullptr || dladdr(gemm, &library) == 0) return "built into LibTorch";
        return fmt::format("{} (not OpenBLAS: matrix products may be many times slower)", library.dli_fname);
    }
    // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...": the first two words name it.
    std::istringstream words{std::string(config())};
    std::string name;
    std::string version;
    words >> name >> version;
    constexpr const char* kModels[] = {"sequential", "pthreads", "OpenMP"};
    const int model = parallel != nullptr ? parallel() : -1;
    return fmt::format("{} {} {} ({})", name, version, model >= 0 && model < 3 ? kModels[model] : "unknown threading",
                       core != nullptr ? core() : "unknown core");
}

}  // namespace carbonedge
