#pragma once

#include "lib/units/quantity.h"
#include "tools/cli/option_values.h"

#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// The command line of carbonedge-profile. Defaults are those of the page.
struct ProfileOptions {
    StandardOptions standard;
    std::string model;
    std::vector<std::string> inputs;       ///< as typed
    std::vector<std::string> input_files;  ///< "x.npy" or "NAME=x.npy"
    int batch = 1;
    int threads = 1;
    double cpus = 0;  ///< 0: no limit
    Bytes memory;     ///< 0: no limit
    Nanoseconds quota_period{100'000'000};
    int depth = 0;
    double relative_confidence = 0.01;
    Nanoseconds min_time{500'000'000};
    Nanoseconds max_time{10'000'000'000};
    bool optimise = true;
    bool pin = true;
    bool split = true;                          ///< false for --check-cuts none
    std::optional<std::size_t> check_cuts = 4;  ///< nullopt: all
    std::size_t pairs = 20;
    std::optional<Watts> power_idle;
    std::optional<Watts> power_busy;
    bool strict = false;
    std::string meter = "auto";  ///< "auto", a source's name, or several joined by "+"
    double energy_uncertainty = 0.02;
    Nanoseconds energy_time{20'000'000'000};
    std::size_t rounds = 0;              ///< 0: a profile; else samples of this many fresh processes
    std::string against;                 ///< model to take turns with
    std::string against_program;         ///< program that measures the baseline
    bool meters = false;                 ///< say what energy sources there are, measure no model
    std::vector<std::string> attribute;  ///< processes and control groups to split the machine's joules over
    Nanoseconds attribute_for{5'000'000'000};
    std::string tegrastats_log;  ///< say what a recorded log of tegrastats amounts to, measure no model
    Nanoseconds tegrastats_interval{1'000'000'000};
    std::string sysfs_root = "/sys";  ///< where sensors are looked for

    /// How this tool calls itself: inside the limit group that its parent made, and to probe a stage's memory.
    std::string joined_limit;
    std::string scratch;  ///< the parent's folder for stage files: it outlives a child killed by its memory limit
    std::string memory_of_stage;
    std::optional<std::size_t> only_round;
    std::string only_subject;  ///< "baseline", "current"; "" for both in turns
};

/// False: help or version was printed. Throws UsageError.
bool parse_profile_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                           std::ostream& err, ProfileOptions& options);

}  // namespace carbonedge
