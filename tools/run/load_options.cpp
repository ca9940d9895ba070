#include "tools/run/load_options.h"

#include "lib/base/errors.h"
#include "lib/units/text.h"
#include "tools/cli/text_options.h"

#include <CLI/CLI.hpp>

namespace carbonedge {
namespace {

double parse_rate(const std::string& text) {
    const double rate = parse_number(text.substr(0, text.find("/s")), "--rate");
    if (!text.ends_with("/s") || rate <= 0) throw UsageError("--rate: '" + text + "' is not a rate; write 20/s");
    return rate;
}

bool given(const CLI::App& app, const std::string& option) { return app.count(option) > 0; }

void require_beside(const CLI::App& app, const std::string& option, const std::string& needed) {
    if (given(app, option) && !given(app, needed)) throw UsageError(option + " goes with " + needed + ", see -h");
}

}  // namespace

void add_load_options(CLI::App& app, LoadOptions& options) {
    add_text_option(app, "--rate", "open loop: requests arrive at this rate, e.g. 20/s", "",
                    [&options](const std::string& text) { options.rate_per_second = parse_rate(text); });
    add_text_option(app, "--arrivals", "of --rate: even or poisson", "even", [&options](const std::string& text) {
        options.poisson = choose("--arrivals", "kind of arrivals", text, {"even", "poisson"}) == 1;
    });
    app.add_option("--trace", options.trace, "open loop: requests arrive as in this CSV file");
    add_text_option(
        app, "--trace-column", "column of the trace that holds the times, and its unit, e.g. arrival_time:h",
        "the first known one",
        [&options](const std::string& text) { options.trace_column = parse_trace_column(text, "--trace-column"); });
    app.add_option("--trace-speed", options.trace_speed, "seconds of the trace that go by in a second")
        ->capture_default_str()
        ->check(CLI::Range(1e-6, 1e9));
    app.add_option("--max-accepted", options.most_accepted,
                   "requests in the pipelines at most; others wait at the gateway")
        ->capture_default_str()
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{100'000}));
    add_text_option(app, "--deadline", "a request that cannot be answered within this is dropped, e.g. 50ms", "none",
                    [&options](const std::string& text) {
                        options.deadline = parse_duration(text, "--deadline");
                        if (options.deadline->count() <= 0) throw UsageError("--deadline: must be more than 0");
                    });
    app.add_option("--max-batch", options.batches.largest, "requests in one forward pass at most")
        ->capture_default_str()
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{64}));
    add_text_option(app, "--max-delay", "so long a batch waits for more requests at most, e.g. 5ms", "0ms",
                    [&options](const std::string& text) {
                        options.batches.longest_wait = parse_duration(text, "--max-delay");
                        if (options.batches.longest_wait.count() < 0) {
                            throw UsageError("--max-delay: must not be negative");
                        }
                    });
}

void require_load(const CLI::App& app, const LoadOptions& options) {
    if (options.rate_per_second && given(app, "--in-flight")) {
        throw UsageError("--in-flight is of a closed loop; it does not go with --rate");
    }
    if (!options.trace.empty() && (options.rate_per_second || given(app, "--in-flight"))) {
        throw UsageError("--trace says when requests arrive; it does not go with --rate or --in-flight");
    }
    require_beside(app, "--arrivals", "--rate");
    require_beside(app, "--trace-column", "--trace");
    require_beside(app, "--trace-speed", "--trace");
    require_beside(app, "--max-delay", "--max-batch");
}

}  // namespace carbonedge
