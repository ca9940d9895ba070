#include "tests/unit/model/tiny_model_file.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <chrono>
#include <thread>

using namespace carbonedge;

namespace {

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/// CPU seconds per second while the network runs over and over.
double cpu_share(Model& model) {
    for (int pass = 0; pass < 20; ++pass) model.run_once();
    const double cpu = cpu_seconds();
    const auto start = std::chrono::steady_clock::now();
    double wall = 0;
    while (wall < 0.15) {
        model.run_once();
        wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    return (cpu_seconds() - cpu) / wall;
}

}  // namespace

TEST_CASE("one thread means one CPU, on the main thread and on others") {
    configure_allocator();
    configure_model_threads(1);
    TinyModelFile file("wide-hardswish");
    CHECK(cpu_share(file.model) <= 1.05);
    double elsewhere = 99;
    std::thread([&] {
        prepare_model_thread();
        elsewhere = cpu_share(file.model);
    }).join();
    CHECK(elsewhere <= 1.05);
}

TEST_CASE("the allocator and the matrix library describe themselves") {
    CHECK(configure_allocator().find("malloc") != std::string::npos);
    CHECK_FALSE(blas_description().empty());
}
