#include "tools/run/load_of_options.h"

#include "lib/base/atomic_file.h"
#include "lib/base/errors.h"

#include <fmt/format.h>
#include <istream>

namespace carbonedge {

Load load_of_options(const RunToolOptions& options, std::istream& in,
                     const std::function<void(const std::string&)>& note) {
    const LoadOptions& given = options.load;
    Load load;
    load.requests = options.requests;
    load.in_flight = options.in_flight;
    load.rate_per_second = given.rate_per_second;
    load.poisson = given.poisson;
    load.seed = options.seed;
    load.most_accepted = given.most_accepted;
    load.deadline = given.deadline;
    if (given.trace.empty()) return load;
    ArrivalTrace trace = read_arrival_trace(read_input(given.trace, in), given.trace, given.trace_column);
    const auto held = static_cast<std::int64_t>(trace.offsets.size());
    if (!options.requests_given) load.requests = held;
    if (load.requests > held) {
        throw UsageError(fmt::format("--requests: {} are more than the {} of '{}'", load.requests, held, given.trace));
    }
    if (trace.reordered) {
        note(fmt::format("the rows of '{}' are not in the order of column '{}'; they are taken in it", given.trace,
                         trace.column));
    }
    load.recorded = std::make_shared<const std::vector<Nanoseconds>>(std::move(trace.offsets));
    load.speed = given.trace_speed;
    return load;
}

}  // namespace carbonedge
