#include "lib/base/errors.h"
#include "lib/model/model.h"
#include "lib/model/sha256.h"

#include <fmt/format.h>

#include <charconv>

namespace carbonedge {
namespace {

/// A whole number that the profiler recorded among its further facts; 0 where it did not.
std::uint64_t recorded_number(const Profile& profile, const std::string& key) {
    const auto fact = profile.environment.find(key);
    if (fact == profile.environment.end()) return 0;
    std::uint64_t number = 0;
    std::from_chars(fact->second.data(), fact->second.data() + fact->second.size(), number);
    return number;
}

}  // namespace

Model load_profiled_model(const std::string& path, const Profile& profile) {
    const std::string sha256 = sha256_of_file(path);
    if (sha256 != profile.model_sha256)
        throw InputError(path, 0,
                         fmt::format("is not the network of the profile: its SHA-256 begins with {}, expected {}",
                                     sha256.substr(0, 12), profile.model_sha256.substr(0, 12)));
    ModelOptions options;
    for (const std::string& text : profile.inputs) options.inputs.push_back(parse_input_spec(text));
    options.seed = recorded_number(profile, "seed");
    options.grouping_depth = static_cast<int>(recorded_number(profile, "grouping-depth"));
    options.optimise = profile.execution != "frozen";
    options.compare_speed = false;
    Model model = Model::load(path, options);
    bool same = model.layers().size() == profile.layers.size();
    for (std::size_t i = 0; same && i < profile.layers.size(); ++i)
        same = model.layers()[i].name == profile.layers[i].name;
    if (!same)
        throw InputError(
            path, 0,
            fmt::format("has {} layers here, executed {}, where the profile has {}, executed {}; profile "
                        "it again on this kind of machine",
                        model.layers().size(), model.execution(), profile.layers.size(), profile.execution));
    return model;
}

}  // namespace carbonedge
