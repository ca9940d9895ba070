#include "benchmarks/gate_study/recording.h"

#include "lib/base/errors.h"
#include "lib/base/quantile.h"
#include "lib/formats/csv.h"
#include "lib/report/sampled_rounds.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <charconv>
#include <cmath>

namespace carbonedge {
namespace {

constexpr std::string_view kColumns[] = {
    "run", "version", "date_utc", "baseline_cpu_ns", "current_cpu_ns", "baseline_layers_ns", "current_layers_ns"};

std::vector<double> seconds_of(const std::vector<Nanoseconds>& times) {
    std::vector<double> values;
    for (const Nanoseconds time : times) values.push_back(to_seconds(time).count());
    return values;
}

double median_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return quantile(values, 0.5);
}

std::string numbers_text(const std::vector<double>& seconds) {
    std::vector<long long> nanoseconds;
    for (const double value : seconds) nanoseconds.push_back(std::llround(value * 1e9));
    return fmt::format("{}", fmt::join(nanoseconds, " "));
}

std::vector<double> read_numbers(std::string_view text, const std::string& file, long line) {
    std::vector<double> values;
    for (const char* at = text.data(); at != text.data() + text.size();) {
        std::int64_t value = 0;
        const auto [rest, error] = std::from_chars(at, text.data() + text.size(), value);
        if (error != std::errc()) throw InputError(file, line, "holds something else than whole nanoseconds");
        values.push_back(static_cast<double>(value) * 1e-9);
        at = rest + (rest != text.data() + text.size() ? 1 : 0);
    }
    return values;
}

/// "# key: value", without its newline.
std::string header_value(std::string_view& text, std::string_view key, const std::string& file, long line) {
    const std::string start = fmt::format("# {}: ", key);
    const std::size_t end = text.find('\n');
    if (!text.starts_with(start) || end == std::string_view::npos) {
        throw InputError(file, line, fmt::format("expected '{}'", start));
    }
    const std::string value(text.substr(start.size(), end - start.size()));
    text.remove_prefix(end + 1);
    return value;
}

Evidence side_of(const Recording& recording, std::vector<double> wholes) {
    Evidence evidence;
    evidence.kind = "profile";
    evidence.model = recording.baseline;
    EvidenceQuantity total;
    total.key.metric = GateMetric::kLatency;
    total.units = std::move(wholes);
    evidence.quantities.push_back(std::move(total));
    return evidence;
}

void add_layer(Evidence& evidence, const std::string& name, std::vector<double> units) {
    EvidenceLayer layer;
    layer.name = name;
    evidence.layers.push_back(std::move(layer));
    EvidenceQuantity quantity;
    quantity.key.metric = GateMetric::kLatency;
    quantity.key.scope = GateScope::kLayer;
    quantity.key.name = name;
    quantity.units = std::move(units);
    evidence.quantities.push_back(std::move(quantity));
}

}  // namespace

Recording compact(std::span<const Samples> files, std::span<const std::string> names) {
    Recording recording;
    recording.baseline = files.front().subjects.front().model_name;
    recording.machine = files.front().subjects.front().machine + ", " + files.front().subjects.front().cpu;
    for (const LayerProfile& layer : files.front().subjects.front().layers) recording.layers.push_back(layer.name);
    for (std::size_t i = 0; i < files.size(); ++i) {
        const RoundValues before = round_values(files[i], 0, true);
        const RoundValues after = round_values(files[i], 1, true);
        for (std::size_t r = 0; r < files[i].rounds.size(); ++r) {
            const SampleRound& round = files[i].rounds[r];
            RecordedRound kept;
            kept.run = names[i];
            kept.version = files[i].subjects.back().model_name;
            kept.date_utc = round.date_utc;
            kept.baseline_passes = seconds_of(round.subjects[0].whole_cpu);
            kept.current_passes = seconds_of(round.subjects[1].whole_cpu);
            for (const auto& row : before.rows) kept.baseline_layers.push_back(row[r]);
            for (const auto& row : after.rows) kept.current_layers.push_back(row[r]);
            recording.rounds.push_back(std::move(kept));
        }
    }
    std::stable_sort(recording.rounds.begin(), recording.rounds.end(),
                     [](const RecordedRound& a, const RecordedRound& b) { return a.date_utc < b.date_utc; });
    return recording;
}

std::string write_recording(const Recording& recording) {
    std::string text = fmt::format("# machine: {}\n# baseline: {}\n# layers: {}\n", recording.machine,
                                   recording.baseline, fmt::join(recording.layers, " "));
    std::vector<std::string> header(std::begin(kColumns), std::end(kColumns));
    text += csv_line(header);
    for (const RecordedRound& round : recording.rounds) {
        const std::vector<std::string> fields{round.run,
                                              round.version,
                                              round.date_utc,
                                              numbers_text(round.baseline_passes),
                                              numbers_text(round.current_passes),
                                              numbers_text(round.baseline_layers),
                                              numbers_text(round.current_layers)};
        text += csv_line(fields);
    }
    return text;
}

Recording read_recording(std::string_view text, const std::string& file) {
    Recording recording;
    recording.machine = header_value(text, "machine", file, 1);
    recording.baseline = header_value(text, "baseline", file, 2);
    const std::string layers = header_value(text, "layers", file, 3);
    for (std::size_t at = 0; at < layers.size();) {
        const std::size_t end = std::min(layers.find(' ', at), layers.size());
        recording.layers.push_back(layers.substr(at, end - at));
        at = end + 1;
    }
    const CsvTable table = read_csv(text, file, 4);
    table.expect_columns(kColumns);
    for (const CsvRow& row : table.rows()) {
        RecordedRound round;
        round.run = row.fields[0];
        round.version = row.fields[1];
        round.date_utc = row.fields[2];
        round.baseline_passes = read_numbers(row.fields[3], file, row.line);
        round.current_passes = read_numbers(row.fields[4], file, row.line);
        round.baseline_layers = read_numbers(row.fields[5], file, row.line);
        round.current_layers = read_numbers(row.fields[6], file, row.line);
        recording.rounds.push_back(std::move(round));
    }
    return recording;
}

double baseline_value(const RecordedRound& round) { return median_of(round.baseline_passes); }
double current_value(const RecordedRound& round) { return median_of(round.current_passes); }

double paired_current_value(const RecordedRound& round) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < round.baseline_passes.size(); ++i) {
        ratios.push_back(round.current_passes[i] / round.baseline_passes[i]);
    }
    return baseline_value(round) * median_of(std::move(ratios));
}

EvidencePair interleaved_pair(const Recording& recording, std::span<const RecordedRound* const> rounds, double factor,
                              bool with_layers) {
    std::vector<double> before;
    std::vector<double> after;
    for (const RecordedRound* round : rounds) {
        before.push_back(baseline_value(*round));
        after.push_back(factor * paired_current_value(*round));
    }
    EvidencePair pair;
    pair.interleaved = true;
    pair.baseline.push_back(side_of(recording, std::move(before)));
    pair.current.push_back(side_of(recording, std::move(after)));
    for (std::size_t layer = 0; with_layers && layer < recording.layers.size(); ++layer) {
        std::vector<double> old_times;
        std::vector<double> new_times;
        for (const RecordedRound* round : rounds) {
            old_times.push_back(round->baseline_layers[layer]);
            new_times.push_back(factor * round->current_layers[layer]);
        }
        add_layer(pair.baseline.front(), recording.layers[layer], std::move(old_times));
        add_layer(pair.current.front(), recording.layers[layer], std::move(new_times));
    }
    return pair;
}

EvidencePair separate_pair(std::span<const RecordedRound* const> before, std::span<const RecordedRound* const> after,
                           double factor) {
    std::vector<double> old_values;
    std::vector<double> new_values;
    for (const RecordedRound* round : before) old_values.push_back(baseline_value(*round));
    for (const RecordedRound* round : after) new_values.push_back(factor * current_value(*round));
    EvidencePair pair;
    pair.baseline.push_back(side_of({}, std::move(old_values)));
    pair.current.push_back(side_of({}, std::move(new_values)));
    if (before.size() == 1) {
        pair.baseline.front().quantities.front().samples = before.front()->baseline_passes;
        std::vector<double> samples = after.front()->current_passes;
        for (double& sample : samples) sample *= factor;
        pair.current.front().quantities.front().samples = std::move(samples);
    }
    return pair;
}

}  // namespace carbonedge
