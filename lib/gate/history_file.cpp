#include "lib/base/errors.h"
#include "lib/formats/json.h"
#include "lib/formats/schema.h"
#include "lib/gate/history.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <istream>
#include <nlohmann/json.hpp>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kLargest = std::int64_t{1} << 53U;

std::string values_key(GateMetric metric) { return fmt::format("values_{}", gate_metric_unit(metric)); }

EvidenceQuantity read_quantity(const JsonCursor& cursor) {
    EvidenceQuantity quantity;
    const JsonCursor metric = cursor.at("metric");
    const auto found_metric = find_gate_metric(metric.text());
    if (!found_metric) metric.refuse("'metric' is none that a gate knows");
    const JsonCursor scope = cursor.at("scope");
    const auto found_scope = find_gate_scope(scope.text());
    if (!found_scope) scope.refuse("'scope' is not total, stage or layer");
    quantity.key = {*found_metric, *found_scope, ""};
    const std::string values = values_key(*found_metric);
    cursor.expect_only({"metric", "scope", "name", "exact", "standard_error", values});
    if (const auto name = cursor.find("name")) quantity.key.name = name->text();
    if (const auto exact = cursor.find("exact")) quantity.exact = exact->boolean();
    if (const auto error = cursor.find("standard_error")) quantity.standard_error = error->number(0);
    const JsonCursor array = cursor.at(values);
    for (const JsonCursor& value : array.elements()) quantity.units.push_back(value.number());
    if (quantity.units.empty()) array.refuse(fmt::format("'{}' is empty, expected a number or more", values));
    return quantity;
}

Json to_json(const EvidenceQuantity& quantity) {
    Json json{{"metric", gate_metric_name(quantity.key.metric)}, {"scope", gate_scope_name(quantity.key.scope)}};
    if (!quantity.key.name.empty()) json["name"] = quantity.key.name;
    if (quantity.exact) json["exact"] = true;
    if (quantity.standard_error > 0) json["standard_error"] = quantity.standard_error;
    json[values_key(quantity.key.metric)] = quantity.units;
    return json;
}

EvidenceLayer read_layer(const JsonCursor& cursor) {
    cursor.expect_only({"name", "type", "macs", "parameters", "output_bytes"});
    return {cursor.at("name").text(), cursor.at("type").text(), cursor.at("macs").integer(0, kLargest),
            cursor.at("parameters").integer(0, kLargest), cursor.at("output_bytes").integer(0, kLargest)};
}

Json to_json(const EvidenceLayer& layer) {
    return {{"name", layer.name},
            {"type", layer.type},
            {"macs", layer.macs},
            {"parameters", layer.parameters},
            {"output_bytes", layer.output_bytes}};
}

CarbonFactors read_factors(const JsonCursor& cursor) {
    cursor.expect_only(
        {"intensity_gco2e_per_kwh", "cpu_time_seconds", "power_watts", "overhead_joules", "embodied_gco2e"});
    CarbonFactors factors;
    factors.intensity = CarbonIntensity(cursor.at("intensity_gco2e_per_kwh").number());
    factors.cpu_time = Seconds(cursor.at("cpu_time_seconds").number());
    factors.power = Watts(cursor.at("power_watts").number());
    factors.overhead = Joules(cursor.at("overhead_joules").number());
    factors.embodied = GramsCo2e(cursor.at("embodied_gco2e").number());
    return factors;
}

Json to_json(const CarbonFactors& factors) {
    return {{"intensity_gco2e_per_kwh", factors.intensity.value()},
            {"cpu_time_seconds", factors.cpu_time.count()},
            {"power_watts", factors.power.value()},
            {"overhead_joules", factors.overhead.value()},
            {"embodied_gco2e", factors.embodied.value()}};
}

std::string no_history() {
    return fmt::format("is no history: every line is an object with \"schema\":\"{}\"", schema_text("history", 1));
}

void expect_history(const JsonCursor& cursor) {
    if (!cursor.is_object() || !cursor.find("schema")) cursor.refuse(no_history());
    const JsonCursor schema = cursor.at("schema");
    expect_schema(schema.text(), "history", 1, cursor.file(), schema.line());
}

HistoryEntry read_entry(const JsonCursor& cursor) {
    expect_history(cursor);
    cursor.expect_only({"schema", "commit", "kind", "date_utc", "model", "aspects", "factors", "layers", "quantities"});
    HistoryEntry entry;
    entry.commit = cursor.at("commit").text();
    Evidence& evidence = entry.evidence;
    evidence.name = entry.commit;
    evidence.kind = cursor.at("kind").text();
    evidence.date_utc = cursor.at("date_utc").text();
    evidence.model = cursor.at("model").text();
    for (const auto& [aspect, value] : cursor.at("aspects").members()) evidence.aspects[aspect] = value.text();
    if (const auto factors = cursor.find("factors")) evidence.factors = read_factors(*factors);
    for (const JsonCursor& layer : cursor.at("layers").elements()) evidence.layers.push_back(read_layer(layer));
    for (const JsonCursor& quantity : cursor.at("quantities").elements()) {
        evidence.quantities.push_back(read_quantity(quantity));
    }
    return entry;
}

/// A line whose writer did not finish is no JSON.
bool is_json(std::string_view line, const std::string& file) {
    try {
        (void)read_json(line, file);
        return true;
    } catch (const InputError&) {
        return false;
    }
}

/// What follows is a history, as far as its first line tells. Throws InputError where it is not.
void expect_start_of_history(std::istream& text, const std::string& file) {
    const std::string start = fmt::format("{{\"schema\":\"{}", schema_text("history", 1));
    std::string line;
    for (long number = 1; std::getline(text, line); ++number) {
        if (line.empty() || line == "\r") continue;
        if (is_json(line, file)) {
            const JsonDocument document = read_json(line, file, number);
            expect_history(document.root());
            return;
        }
        if (line.starts_with(start)) return;
        // Of a write cut off this early too little is left to tell: the next line does.
        if (!start.starts_with(line)) throw InputError(file, number, no_history());
    }
}

/// A profile or a plan named by mistake is not written to.
void expect_history_file(const std::string& path) {
    std::ifstream text(path, std::ios::binary);
    if (!text) throw EnvironmentError("cannot read the history " + path, "name a file that can be read");
    try {
        expect_start_of_history(text, path);
    } catch (const InputError& error) {
        throw InputError(error.file(), error.line(),
                         error.problem() + "; nothing is appended: name a history or a new file");
    }
}

/// A file for appending, locked against other writers as long as it lives.
class LockedFile {
public:
    explicit LockedFile(const std::string& path) : path_(path) {
        // Reading too: whether the last line is whole decides how the next begins.
        file_ = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
        if (file_ < 0) fail("open", "name a file that can be written");
        while (::flock(file_, LOCK_EX) != 0) {
            if (errno != EINTR) fail("lock", "keep histories on a file system with locks");
        }
    }
    ~LockedFile() {
        if (file_ >= 0) ::close(file_);
    }
    LockedFile(const LockedFile&) = delete;
    LockedFile& operator=(const LockedFile&) = delete;

    [[nodiscard]] bool is_empty() const { return size() == 0; }

    [[nodiscard]] bool ends_in_a_line() const {
        const off_t bytes = size();
        if (bytes == 0) return true;
        char last = 0;
        if (::pread(file_, &last, 1, bytes - 1) != 1) fail("read", "name a regular file");
        return last == '\n';
    }

    void append(std::string_view text) const {
        // One write: a process that dies in between leaves a torn line at most, never two mixed ones.
        const ssize_t written = ::write(file_, text.data(), text.size());
        if (written < 0) fail("write", "make room on the disk");
        if (static_cast<std::size_t>(written) != text.size()) {
            errno = ENOSPC;
            fail("write all of a line to", "make room on the disk and append again: the torn line is skipped");
        }
        if (::fsync(file_) != 0) fail("sync", "look after the disk");
    }

private:
    [[nodiscard]] off_t size() const {
        struct stat state {};
        if (::fstat(file_, &state) != 0) fail("look at", "name a regular file");
        return state.st_size;
    }

    [[noreturn]] void fail(std::string_view what, std::string_view remedy) const {
        const int error = errno;
        throw EnvironmentError(fmt::format("cannot {} the history {}: {}", what, path_, std::strerror(error)), remedy);
    }

    const std::string& path_;
    int file_ = -1;
};

}  // namespace

History read_history(std::string_view text, const std::string& file) {
    History history;
    long number = 1;
    for (std::size_t at = 0; at < text.size(); ++number) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = text.substr(at, end - at);
        at = end + 1;
        if (line.empty() || line == "\r") continue;
        if (!is_json(line, file)) {
            history.remarks.push_back(
                fmt::format("{}:{}: a line that was not written to its end is left out", file, number));
            continue;
        }
        const JsonDocument document = read_json(line, file, number);
        history.entries.push_back(read_entry(document.root()));
    }
    return history;
}

std::string history_line(const HistoryEntry& entry) {
    const Evidence& evidence = entry.evidence;
    Json layers = Json::array();
    for (const EvidenceLayer& layer : evidence.layers) layers.push_back(to_json(layer));
    Json quantities = Json::array();
    for (const EvidenceQuantity& quantity : evidence.quantities) quantities.push_back(to_json(quantity));
    Json json{{"schema", schema_text("history", 1)},
              {"commit", entry.commit},
              {"kind", evidence.kind},
              {"date_utc", evidence.date_utc},
              {"model", evidence.model}};
    json["aspects"] = evidence.aspects.empty() ? Json::object() : Json(evidence.aspects);
    if (evidence.factors) json["factors"] = to_json(*evidence.factors);
    json["layers"] = std::move(layers);
    json["quantities"] = std::move(quantities);
    return write_json_line(json) + '\n';
}

void append_history(const std::string& path, const HistoryEntry& entry) {
    std::string line = history_line(entry);
    const LockedFile file(path);
    if (!file.is_empty()) expect_history_file(path);
    if (!file.ends_in_a_line()) line.insert(line.begin(), '\n');
    file.append(line);
}

std::vector<Evidence> last_of_history(const History& history, std::size_t count, std::string_view kind) {
    std::vector<Evidence> last;
    for (auto entry = history.entries.rbegin(); entry != history.entries.rend() && last.size() < count; ++entry) {
        if (entry->evidence.kind == kind) last.push_back(entry->evidence);
    }
    std::reverse(last.begin(), last.end());
    return last;
}

}  // namespace carbonedge
