#include "lib/report/comparability.h"

#include "lib/report/ledgers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace carbonedge {
namespace {

std::string model_text(const Subject& subject) {
    if (subject.plan.profiles.empty()) return "";
    const Profile& profile = subject.plan.profiles.front();
    return fmt::format("{} {}", profile.model_name, profile.model_sha256.substr(0, 12));
}

std::string inputs_text(const Subject& subject) {
    if (subject.plan.profiles.empty()) return "";
    return fmt::format("{}", fmt::join(subject.plan.profiles.front().inputs, " "));
}

std::string load_text(const Subject& subject) {
    if (!subject.run) return "";
    const RunHeader& header = subject.run->header;
    if (header.rate_per_second) return fmt::format("{:g} requests/s", *header.rate_per_second);
    return fmt::format("{} in flight", header.in_flight);
}

std::string limits_text(const Subject& subject) {
    if (!subject.run || subject.run->header.limits.empty()) return "";
    const auto& limits = subject.run->header.limits;
    const bool all = std::all_of(limits.begin(), limits.end(), [](const EnforcedLimit& l) { return l.enforced; });
    return all ? "enforced" : "not enforced on every node";
}

struct Aspect {
    std::string name;
    std::function<std::string(const Subject&)> value_of;  ///< "" decides nothing
};

const std::vector<Aspect>& run_aspects() {
    static const std::vector<Aspect> kAspects{
        {"model", model_text}, {"inputs", inputs_text}, {"load", load_text}, {"limits", limits_text}};
    return kAspects;
}

void add_new(std::vector<Mixture>& mixtures, const std::vector<Mixture>& more) {
    for (const Mixture& one : more) {
        const bool known = std::any_of(mixtures.begin(), mixtures.end(),
                                       [&](const Mixture& other) { return other.aspect == one.aspect; });
        if (!known) mixtures.push_back(one);
    }
}

}  // namespace

std::vector<std::string> comparison_aspects() {
    std::vector<std::string> names(std::begin(kMixtureAspects), std::end(kMixtureAspects));
    for (const Aspect& aspect : run_aspects()) names.push_back(aspect.name);
    return names;
}

std::vector<Mixture> comparison_mixtures(std::span<const Subject> subjects) {
    std::vector<Ledger> predicted;
    std::vector<Ledger> recorded;
    for (const Subject& subject : subjects) {
        predicted.push_back(predicted_ledger(subject.plan, subject.name));
        if (!subject.run) continue;
        if (auto ledger = recorded_ledger(*subject.run, subject.plan, subject.name)) recorded.push_back(*ledger);
    }
    std::vector<Mixture> mixtures = find_mixtures(recorded);
    add_new(mixtures, find_mixtures(predicted));
    for (const Aspect& aspect : run_aspects()) {
        std::map<std::string, std::set<std::string>> holders;
        for (const Subject& subject : subjects) {
            if (const std::string value = aspect.value_of(subject); !value.empty()) holders[value].insert(subject.name);
        }
        if (holders.size() < 2) continue;
        Mixture mixture{aspect.name, {}};
        for (const auto& [value, names] : holders) {
            mixture.values.push_back(fmt::format("{} ({})", value, fmt::join(names, ", ")));
        }
        add_new(mixtures, {mixture});
    }
    return mixtures;
}

}  // namespace carbonedge
