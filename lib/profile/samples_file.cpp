#include "lib/profile/samples_file.h"

#include "lib/base/errors.h"
#include "lib/formats/json.h"
#include "lib/formats/schema.h"
#include "lib/profile/embedded_profile_file.h"
#include "lib/profile/profile_header_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

std::vector<Nanoseconds> read_times(const JsonCursor& cursor) {
    std::vector<Nanoseconds> times;
    for (const JsonCursor& time : cursor.elements()) times.emplace_back(time.integer(0, kLargestCount));
    return times;
}

Json to_json(const std::vector<Nanoseconds>& times) {
    Json array = Json::array();
    for (const Nanoseconds time : times) array.push_back(time.count());
    return array;
}

void expect_count(const JsonCursor& cursor, std::size_t found, std::size_t expected, std::string_view of_what) {
    if (found != expected) cursor.refuse(fmt::format("has {} numbers, expected {}: {}", found, expected, of_what));
}

SampledPasses read_passes(const JsonCursor& cursor, std::size_t layers) {
    cursor.expect_only({"whole_ns", "whole_cpu_ns", "marked_ns", "marked_cpu_ns", "rows_ns", "row_cpu_ns"});
    SampledPasses passes;
    const auto times = [&](std::string_view key, std::size_t expected, std::string_view of_what) {
        const JsonCursor array = cursor.at(key);
        std::vector<Nanoseconds> found = read_times(array);
        expect_count(array, found.size(), expected, of_what);
        return found;
    };
    passes.whole = read_times(cursor.at("whole_ns"));
    if (passes.whole.empty()) cursor.at("whole_ns").refuse("'whole_ns' is empty, expected a pass or more");
    constexpr std::string_view kAsWhole = "as many as 'whole_ns'";
    passes.whole_cpu = times("whole_cpu_ns", passes.whole.size(), kAsWhole);
    passes.marked = times("marked_ns", passes.whole.size(), kAsWhole);
    passes.marked_cpu = times("marked_cpu_ns", passes.whole.size(), kAsWhole);
    const JsonCursor rows = cursor.at("rows_ns");
    for (const JsonCursor& row : rows.elements()) {
        passes.rows.push_back(read_times(row));
        expect_count(row, passes.rows.back().size(), passes.whole.size(), kAsWhole);
    }
    expect_count(rows, passes.rows.size(), layers, "one array a layer");
    passes.row_cpu = times("row_cpu_ns", layers, "one a layer");
    return passes;
}

Json to_json(const SampledPasses& passes) {
    Json rows = Json::array();
    for (const auto& row : passes.rows) rows.push_back(to_json(row));
    return {{"whole_ns", to_json(passes.whole)},   {"whole_cpu_ns", to_json(passes.whole_cpu)},
            {"marked_ns", to_json(passes.marked)}, {"marked_cpu_ns", to_json(passes.marked_cpu)},
            {"rows_ns", std::move(rows)},          {"row_cpu_ns", to_json(passes.row_cpu)}};
}

void read_header(const JsonCursor& cursor, Samples& samples) {
    if (!cursor.is_object() || !cursor.find("schema")) {
        cursor.refuse(fmt::format("holds no samples: the first line must be an object with \"schema\":\"{}\"",
                                  schema_text("samples", 1)));
    }
    const JsonCursor schema = cursor.at("schema");
    expect_schema(schema.text(), "samples", 1, cursor.file(), schema.line());
    cursor.expect_only({"schema", "tool_version", "subjects"});
    samples.tool_version = cursor.at("tool_version").text();
    const JsonCursor subjects = cursor.at("subjects");
    for (const JsonCursor& lines : subjects.elements()) samples.subjects.push_back(profile_from_json(lines));
    if (samples.subjects.empty() || samples.subjects.size() > 2) {
        subjects.refuse(fmt::format("'subjects' has {} profiles, expected one, or a baseline and a current one",
                                    samples.subjects.size()));
    }
}

SampleRound read_round(const JsonCursor& cursor, const Samples& samples) {
    cursor.expect_only({"record", "round", "date_utc", "baseline_first", "control_ns", "subjects"});
    if (cursor.at("record").text() != "round") cursor.at("record").refuse("is no record of samples, expected 'round'");
    const std::int64_t index = cursor.at("round").integer(0, kLargestCount);
    if (index != static_cast<std::int64_t>(samples.rounds.size())) {
        cursor.at("round").refuse(
            fmt::format("is round {}, expected {}: rounds count up from 0", index, samples.rounds.size()));
    }
    SampleRound round;
    round.date_utc = cursor.at("date_utc").text();
    round.baseline_first = cursor.at("baseline_first").boolean();
    round.control = Nanoseconds(cursor.at("control_ns").integer(0, kLargestCount));
    const JsonCursor subjects = cursor.at("subjects");
    const std::vector<JsonCursor> all = subjects.elements();
    expect_count(subjects, all.size(), samples.subjects.size(), "one object a subject");
    for (std::size_t i = 0; i < all.size(); ++i) {
        round.subjects.push_back(read_passes(all[i], samples.subjects[i].layers.size()));
    }
    return round;
}

/// A line that its writer did not finish is no JSON.
bool is_cut_off(std::string_view line, const std::string& file) {
    try {
        (void)read_json(line, file);
        return false;
    } catch (const InputError&) {
        return true;
    }
}

}  // namespace

Samples read_samples(std::string_view text, const std::string& file) {
    Samples samples;
    long number = 1;
    for (std::size_t at = 0; at < text.size(); ++number) {
        const std::size_t end = text.find('\n', at);
        const std::string_view line = text.substr(at, end - at);
        if (end == std::string_view::npos && number > 1 && is_cut_off(line, file)) break;
        const JsonDocument document = read_json(line, file, number);
        if (number == 1) {
            read_header(document.root(), samples);
        } else {
            samples.rounds.push_back(read_round(document.root(), samples));
        }
        at = end == std::string_view::npos ? text.size() : end + 1;
    }
    if (samples.subjects.empty()) throw InputError(file, 0, "is empty; expected samples");
    return samples;
}

std::string write_samples(const Samples& samples) {
    Json subjects = Json::array();
    for (const Profile& profile : samples.subjects) subjects.push_back(profile_to_json(profile));
    const Json header{{"schema", schema_text("samples", 1)},
                      {"tool_version", samples.tool_version},
                      {"subjects", std::move(subjects)}};
    std::string text = write_json_line(header) + '\n';
    for (std::size_t i = 0; i < samples.rounds.size(); ++i) {
        const SampleRound& round = samples.rounds[i];
        Json each = Json::array();
        for (const SampledPasses& passes : round.subjects) each.push_back(to_json(passes));
        text += write_json_line({{"record", "round"},
                                 {"round", i},
                                 {"date_utc", round.date_utc},
                                 {"baseline_first", round.baseline_first},
                                 {"control_ns", round.control.count()},
                                 {"subjects", std::move(each)}});
        text += '\n';
    }
    return text;
}

}  // namespace carbonedge
