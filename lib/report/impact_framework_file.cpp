#include "lib/base/errors.h"
#include "lib/base/version.h"
#include "lib/formats/yaml.h"
#include "lib/report/impact_framework.h"
#include "lib/report/ledgers.h"

#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kEnergy = "energy";
constexpr const char* kIntensity = "grid/carbon-intensity";
constexpr const char* kOperational = "carbon-operational";
constexpr const char* kEmbodied = "carbon-embodied";
constexpr const char* kCarbon = "carbon";
constexpr const char* kInferences = "inferences";
constexpr const char* kScore = "sci";

Json metadata(std::string_view unit, std::string_view description, bool is_sum = true) {
    const char* method = is_sum ? "sum" : "none";
    return {{"unit", unit},
            {"description", description},
            {"aggregation-method", {{"time", method}, {"component", method}}}};
}

/// The framework's own multiply, sum and divide: nothing needs to be installed besides it.
Json plugins() {
    const Json energy = metadata("kWh", "energy used, with the power usage effectiveness of the place");
    const Json operational = metadata("gCO2e", "energy times the intensity of its electricity");
    const Json embodied = metadata("gCO2e", "the share of the device's embodied carbon");
    const Json carbon = metadata("gCO2e", "operational and embodied carbon");
    Json all;
    all[kOperational] = {
        {"path", "builtin"},
        {"method", "Multiply"},
        {"config", {{"input-parameters", {kEnergy, kIntensity}}, {"output-parameter", kOperational}}},
        {"parameter-metadata",
         {{"inputs", {{kEnergy, energy}, {kIntensity, metadata("gCO2e/kWh", "of the electricity", false)}}},
          {"outputs", {{kOperational, operational}}}}}};
    all[kCarbon] = {
        {"path", "builtin"},
        {"method", "Sum"},
        {"config", {{"input-parameters", {kOperational, kEmbodied}}, {"output-parameter", kCarbon}}},
        {"parameter-metadata",
         {{"inputs", {{kOperational, operational}, {kEmbodied, embodied}}}, {"outputs", {{kCarbon, carbon}}}}}};
    all[kScore] = {{"path", "builtin"},
                   {"method", "Divide"},
                   {"config", {{"numerator", kCarbon}, {"denominator", kInferences}, {"output", kScore}}},
                   {"parameter-metadata",
                    {{"inputs", {{kCarbon, carbon}, {kInferences, metadata("inferences", "answered", false)}}},
                     {"outputs", {{kScore, metadata("gCO2e", "software carbon intensity, an inference")}}}}}};
    return all;
}

/// What the ledger is of: the framework wants a moment, a duration and the functional units within it.
struct Window {
    std::string from_utc;
    Seconds duration{0};
    double inferences = 1;
};

Json component(const LedgerEntry& entry, const Window& window) {
    Json input;
    input["timestamp"] = window.from_utc;
    input["duration"] = window.duration.count();
    input[kInferences] = window.inferences;
    input[kEnergy] = entry.energy.joules.value() / kJoulesPerKilowattHour * window.inferences;
    input[kIntensity] = entry.intensity.value();
    input[kEmbodied] = entry.kind == LedgerKind::kEmbodied ? entry.grams.value() * window.inferences : 0.0;
    if (entry.kind != LedgerKind::kEmbodied) {
        input["energy/provenance"] = provenance_name(entry.energy.provenance);
        if (!entry.energy.source.empty()) input["energy/source"] = entry.energy.source;
        if (!entry.energy.boundary.empty()) input["energy/boundary"] = entry.energy.boundary;
        if (!entry.signal.empty()) input["grid/signal"] = entry.signal;
        if (!entry.scope.empty()) input["grid/scope"] = entry.scope;
    }
    if (!entry.zone.empty()) input["zone"] = entry.zone;
    const Json pipeline{{"compute", Json::array({kOperational, kCarbon, kScore})}};
    return {{"pipeline", pipeline}, {"inputs", Json::array({input})}};
}

Window window_of(const Subject& subject) {
    Window window;
    if (subject.run) {
        window.from_utc = subject.run->header.date_utc;
        if (subject.run->end) window.duration = to_seconds(subject.run->end->wall);
        window.inferences = static_cast<double>(answered_requests(*subject.run));
    } else {
        if (!subject.plan.profiles.empty()) window.from_utc = subject.plan.profiles.front().date_utc;
        window.duration = to_seconds(subject.plan.predicted.latency_mean);
    }
    return window;
}

}  // namespace

std::string as_impact_framework(const Subject& subject) {
    const auto ledger = subject.run ? recorded_ledger(*subject.run, subject.plan, subject.name)
                                    : std::optional(predicted_ledger(subject.plan, subject.name));
    if (!ledger) {
        throw UsageError(fmt::format("--format impact-framework: {} recorded no energy of an inference", subject.name));
    }
    const Window window = window_of(subject);
    Json places = Json::object();
    for (const LedgerEntry& entry : ledger->entries) {
        places[entry.place]["children"][std::string(ledger_kind_name(entry.kind))] = component(entry, window);
    }
    Json manifest;
    manifest["name"] = subject.name;
    manifest["description"] = fmt::format("{} by carbonedge {}: every line of the ledger, of {:g} inference{}",
                                          subject.run ? "what a run recorded" : "what a plan predicts", version(),
                                          window.inferences, window.inferences == 1 ? "" : "s");
    manifest["tags"] = {{"kind", "software"}, {"category", subject.run ? "measurement" : "prediction"}};
    manifest["aggregation"] = {{"metrics", {kEnergy, kOperational, kEmbodied, kCarbon, kScore}}, {"type", "component"}};
    manifest["initialize"] = {{"plugins", plugins()}};
    manifest["tree"] = {{"children", std::move(places)}};
    return write_yaml(manifest);
}

}  // namespace carbonedge
