#include "tools/profile/options.h"

#include "lib/base/errors.h"
#include "lib/units/text.h"
#include "tools/cli/command_line_checks.h"
#include "tools/cli/standard_options.h"

#include <fmt/format.h>
#include <charconv>
#include <functional>
#include <limits>

namespace carbonedge {
namespace {

constexpr const char* kInternal = "internal";
constexpr std::size_t kRoundsOfAPair = 16;  // docs/gate.md
constexpr std::size_t kMostRounds = 10'000;

void add_text_option(CLI::App& app, const std::string& name, const std::string& description, const std::string& shown,
                     const std::function<void(const std::string&)>& read) {
    app.add_option_function<std::string>(name, read, description)->default_str(shown);
}

/// Of one inference; as many as carbonedge-node takes. A library asked for more starts them all before it fails.
constexpr long kMostThreads = 1024;

long whole_number(const std::string& text, const std::string& name, long least,
                  long most = std::numeric_limits<int>::max()) {
    long value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size() || value < least) {
        throw UsageError(fmt::format("{}: '{}' is not a whole number of at least {}", name, text, least));
    }
    if (value > most) throw UsageError(fmt::format("{}: '{}' is more than {}", name, text, most));
    return value;
}

void read_check_cuts(const std::string& text, ProfileOptions& options) {
    options.split = text != "none";
    if (text == "none") return;
    if (text == "all") {
        options.check_cuts.reset();
        return;
    }
    long value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size() || value < 0) {
        throw UsageError(fmt::format("--check-cuts: '{}' is not all, none or a number of cuts such as 4", text));
    }
    options.check_cuts = static_cast<std::size_t>(value);
}

double positive_number(const std::string& text, const std::string& name) {
    const double value = parse_number(text, name);
    if (value <= 0) throw UsageError(fmt::format("{}: '{}' is not above 0", name, text));
    return value;
}

void add_what_options(CLI::App& app, ProfileOptions& options) {
    app.add_option("model", options.model, "TorchScript module, as torch.jit.save writes it");
    app.add_option("--input", options.inputs, "[NAME=]SHAPE[:DTYPE][[LOW,HIGH)], once an input, in the model's order")
        ->type_name("SPEC")
        ->take_all();
    app.add_option("--input-file", options.input_files, "[NAME=]FILE.npy: an input with its content")
        ->type_name("FILE")
        ->take_all();
    add_text_option(app, "--batch", "multiply the first axis of every input", "1", [&options](const std::string& text) {
        options.batch = static_cast<int>(whole_number(text, "--batch", 1));
    });
    add_text_option(
        app, "--depth", "parts of the module path that name a layer; 0: leaf modules", "0",
        [&options](const std::string& text) { options.depth = static_cast<int>(whole_number(text, "--depth", 0)); });
    app.add_flag_callback(
        "--no-optimise", [&options] { options.optimise = false; }, "run the frozen module as it is");
}

void add_machine_options(CLI::App& app, ProfileOptions& options) {
    add_text_option(app, "--threads", "threads of one inference", "1", [&options](const std::string& text) {
        options.threads = static_cast<int>(whole_number(text, "--threads", 1, kMostThreads));
    });
    add_text_option(app, "--cpus", "profile under this CPU quota, such as 0.4", "",
                    [&options](const std::string& text) { options.cpus = positive_number(text, "--cpus"); });
    add_text_option(app, "--memory", "and under this memory limit, such as 512MiB", "",
                    [&options](const std::string& text) { options.memory = parse_bytes(text, "--memory"); });
    add_text_option(app, "--quota-period", "period of the CPU quota", "100ms", [&options](const std::string& text) {
        options.quota_period = parse_duration(text, "--quota-period");
    });
    app.add_flag_callback(
        "--no-pin", [&options] { options.pin = false; }, "let the kernel move the threads between CPUs");
    add_text_option(app, "--power-idle", "watts of an idle core; default: by processor family", "",
                    [&options](const std::string& text) { options.power_idle = parse_power(text, "--power-idle"); });
    add_text_option(app, "--power-busy", "watts of a busy core; default: by processor family", "",
                    [&options](const std::string& text) { options.power_busy = parse_power(text, "--power-busy"); });
}

void add_measuring_options(CLI::App& app, ProfileOptions& options) {
    add_text_option(app, "--relative-confidence", "half width of the median's 95 % interval over the median", "0.01",
                    [&options](const std::string& text) {
                        options.relative_confidence = positive_number(text, "--relative-confidence");
                    });
    add_text_option(app, "--min-time", "measure at least this long", "500ms",
                    [&options](const std::string& text) { options.min_time = parse_duration(text, "--min-time"); });
    add_text_option(app, "--max-time", "and at most this long", "10s",
                    [&options](const std::string& text) { options.max_time = parse_duration(text, "--max-time"); });
    add_text_option(app, "--check-cuts", "split here to check predictions: all, none or a number of cuts", "4",
                    [&options](const std::string& text) { read_check_cuts(text, options); });
    add_text_option(app, "--pairs", "runs of each split, alternated with the whole", "20",
                    [&options](const std::string& text) {
                        options.pairs = static_cast<std::size_t>(whole_number(text, "--pairs", 6));
                    });
    app.add_flag("--strict", options.strict, "end with 3 when any self-check failed");
}

void add_meter_options(CLI::App& app, ProfileOptions& options) {
    app.add_option("--meter", options.meter, "where joules come from: auto, model, or a source that --meters lists")
        ->type_name("NAME")
        ->capture_default_str();
    add_text_option(app, "--energy-uncertainty", "relative uncertainty that measured energy is to reach", "0.02",
                    [&options](const std::string& text) {
                        options.energy_uncertainty = positive_number(text, "--energy-uncertainty");
                    });
    add_text_option(
        app, "--energy-time", "time for measuring energy, about", "20s",
        [&options](const std::string& text) { options.energy_time = parse_duration(text, "--energy-time"); });
    app.add_flag("--meters", options.meters,
                 "list the energy sources of this machine, what is wrong with them and what helps");
    app.add_option("--attribute", options.attribute,
                   "split the machine's joules by CPU time over this process or control group; may be repeated")
        ->type_name("PID|DIR")
        ->take_all()
        ->allow_extra_args(false);
    add_text_option(app, "--for", "how long --attribute measures", "5s", [&options](const std::string& text) {
        options.attribute_for = parse_duration(text, "--for");
        if (options.attribute_for < std::chrono::milliseconds(10) || options.attribute_for > std::chrono::hours(24))
            throw UsageError("--for: expected 10ms to 24h, such as 5s");
    });
    app.add_option("--tegrastats", options.tegrastats_log,
                   "say how many joules a recorded log of tegrastats holds; - is standard input")
        ->type_name("LOG");
    add_text_option(app, "--interval", "time between the lines of that log, tegrastats' own --interval", "1s",
                    [&options](const std::string& text) {
                        options.tegrastats_interval = parse_duration(text, "--interval");
                        if (options.tegrastats_interval < std::chrono::milliseconds(1) ||
                            options.tegrastats_interval > std::chrono::hours(1))
                            throw UsageError("--interval: expected 1ms to 1h, such as 1s");
                    });
    app.add_option("--sysfs-root", options.sysfs_root, "look for sensors here, where a container hides those of /sys")
        ->type_name("DIR")
        ->capture_default_str();
}

void add_round_options(CLI::App& app, ProfileOptions& options) {
    add_text_option(app, "--rounds", "measure this often, each time in a fresh process, and write the raw samples", "",
                    [&options](const std::string& text) {
                        options.rounds = static_cast<std::size_t>(whole_number(text, "--rounds", 1));
                    });
    app.add_option("--against", options.against, "take turns with this model, the baseline, and write samples of both")
        ->type_name("MODEL");
    app.add_option("--against-program", options.against_program,
                   "take turns with this carbonedge-profile, which measures the baseline")
        ->type_name("PROGRAM");
}

void add_internal_options(CLI::App& app, ProfileOptions& options) {
    app.add_option("--only-round", options.only_round)->group("")->description(kInternal);
    app.add_option("--only-subject", options.only_subject)->group("")->description(kInternal);
    app.add_option("--joined-limit", options.joined_limit)->group("")->description(kInternal);
    app.add_option("--scratch", options.scratch)->group("")->description(kInternal);
    app.add_option("--memory-of-stage", options.memory_of_stage)->group("")->description(kInternal);
}

void check_effects(const CLI::App& app, const ProfileOptions& options) {
    require_with(app, "--for", !options.attribute.empty(), "--attribute PID|DIR");
    require_with(app, "--interval", !options.tegrastats_log.empty(), "--tegrastats LOG");
    require_with(app, "--quota-period", options.cpus > 0, "--cpus NUMBER");
}

void check(const ProfileOptions& options) {
    if (options.meters) {
        if (!options.model.empty()) throw UsageError("--meters measures no model, leave out '" + options.model + "'");
        return;
    }
    if (!options.attribute.empty()) {
        if (!options.model.empty())
            throw UsageError("--attribute measures no model, leave out '" + options.model + "'");
        return;
    }
    if (!options.tegrastats_log.empty()) {
        if (!options.model.empty())
            throw UsageError("--tegrastats measures no model, leave out '" + options.model + "'");
        return;
    }
    if (options.standard.format != "text") throw UsageError("--format belongs to --meters: a profile is CSV");
    if (options.model.empty()) throw UsageError("no model given, see -h");
    if (options.inputs.empty() && options.input_files.empty()) {
        throw UsageError("no input given, expected one such as --input 1x3x224x224");
    }
    if (options.rounds > kMostRounds) throw UsageError(fmt::format("--rounds: more than {}", kMostRounds));
    if (options.min_time > options.max_time) throw UsageError("--min-time is longer than --max-time");
    const double idle = options.power_idle.value_or(Watts(0)).value();
    if (options.power_idle.has_value() != options.power_busy.has_value()) {
        throw UsageError("--power-idle and --power-busy belong together, such as --power-idle 0.74W --power-busy 3.5W");
    }
    if (options.power_busy && options.power_busy->value() <= idle) {
        throw UsageError("--power-busy is not above --power-idle");
    }
}

}  // namespace

bool parse_profile_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                           std::ostream& err, ProfileOptions& options) {
    CLI::App app("Measure the layers of a model.", "carbonedge-profile");
    add_what_options(app, options);
    add_machine_options(app, options);
    add_measuring_options(app, options);
    add_meter_options(app, options);
    add_round_options(app, options);
    add_format_option(app, options.standard, {"text", "json"});
    add_seed_option(app, options.standard);
    add_standard_options(app, options.standard);
    add_internal_options(app, options);
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return false;
    if (options.memory_of_stage.empty()) {
        check(options);
        check_effects(app, options);
    }
    if (options.rounds == 0 && (!options.against.empty() || !options.against_program.empty())) {
        options.rounds = kRoundsOfAPair;
    }
    return true;
}

}  // namespace carbonedge
