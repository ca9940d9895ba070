#include "lib/profile/profile_file.h"

#include "lib/base/errors.h"
#include "lib/formats/csv.h"
#include "lib/formats/text_checks.h"
#include "lib/profile/profile_columns.h"
#include "lib/profile/profile_header_file.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <charconv>
#include <stdexcept>
#include <unordered_set>

namespace carbonedge {
namespace {

constexpr std::size_t at(ProfileColumn column) { return static_cast<std::size_t>(column); }

/// Calls `take` with every part of `text` between separators; nothing for an empty text.
template <class Take>
void for_each_part(std::string_view text, char separator, const Take& take) {
    while (!text.empty()) {
        const std::size_t end = text.find(separator);
        take(text.substr(0, end));
        if (end == std::string_view::npos) return;
        text.remove_prefix(end + 1);
        if (text.empty()) take(text);
    }
}

class RowReader {
public:
    RowReader(const CsvTable& table, const Profile& header) : table_(table) {
        for (const ValueRef& value : header.input_values) {
            if (!made_.insert(value.id).second) {
                throw InputError(table.file(), 0, fmt::format("'input_values' lists the id {} twice", value.id));
            }
        }
    }

    LayerProfile read(const CsvRow& row, std::size_t index) {
        row_ = &row;
        const std::int64_t found = integer(ProfileColumn::kIndex);
        if (found != static_cast<std::int64_t>(index)) {
            table_.refuse(row, at(ProfileColumn::kIndex), fmt::format("{}: rows count up from 0", index));
        }
        LayerProfile layer;
        layer.name = text(ProfileColumn::kName);
        layer.type = text(ProfileColumn::kType);
        read_names(layer);
        read_values(layer);
        layer.cut_after = table_.boolean(row, at(ProfileColumn::kCutAfter));
        layer.cut_reason = text(ProfileColumn::kCutReason);
        layer.parameters = integer(ProfileColumn::kParameters);
        layer.macs = integer(ProfileColumn::kMacs);
        layer.weight_bytes = Bytes(integer(ProfileColumn::kWeightBytes));
        layer.activation_bytes = Bytes(integer(ProfileColumn::kActivationBytes));
        layer.peak_bytes = Bytes(integer(ProfileColumn::kPeakBytes));
        layer.latency_median = Nanoseconds(integer(ProfileColumn::kLatencyMedian));
        layer.latency_q1 = Nanoseconds(integer(ProfileColumn::kLatencyQ1));
        layer.latency_q3 = Nanoseconds(integer(ProfileColumn::kLatencyQ3));
        layer.latency_min = Nanoseconds(integer(ProfileColumn::kLatencyMin));
        layer.latency_mean = Nanoseconds(integer(ProfileColumn::kLatencyMean));
        layer.samples = integer(ProfileColumn::kSamples);
        layer.cpu_mean = Nanoseconds(integer(ProfileColumn::kCpuMean));
        layer.energy = read_energy();
        return layer;
    }

    void expect_made(const std::vector<std::int64_t>& outputs) const {
        for (const std::int64_t id : outputs) {
            if (!made_.contains(id)) {
                throw InputError(table_.file(), 0,
                                 fmt::format("'output_values' names the id {}, which no row makes", id));
            }
        }
    }

private:
    [[nodiscard]] const std::string& text(ProfileColumn column) const { return row_->fields[at(column)]; }

    std::int64_t integer(ProfileColumn column) {
        const std::int64_t value = table_.integer(*row_, at(column), 0, kLargestCount);
        // Sums over layers stay exact, and far from overflow.
        totals_[at(column)] += value;
        if (totals_[at(column)] > kLargestCount) {
            table_.refuse(*row_, at(column), fmt::format("a column that adds up to at most {}", kLargestCount));
        }
        return value;
    }

    void read_names(LayerProfile& layer) {
        if (layer.name.empty()) table_.refuse(*row_, at(ProfileColumn::kName), "a name");
        if (!names_.insert(layer.name).second) {
            table_.refuse(*row_, at(ProfileColumn::kName), "a name that no row above has");
        }
        for_each_part(text(ProfileColumn::kFolded), kFoldedSeparator, [&](std::string_view name) {
            if (name.empty())
                table_.refuse(*row_, at(ProfileColumn::kFolded), "names such as 'features.0.1;features.0.2'");
            layer.folded.emplace_back(name);
        });
    }

    [[nodiscard]] std::int64_t number(std::string_view digits, ProfileColumn column, std::string_view form) const {
        std::int64_t value = 0;
        const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc() || rest != digits.data() + digits.size() || value < 0 || value > kLargestCount) {
            table_.refuse(*row_, at(column), form);
        }
        return value;
    }

    void read_values(LayerProfile& layer) {
        for_each_part(text(ProfileColumn::kInputs), ' ', [&](std::string_view id) {
            const std::int64_t value = number(id, ProfileColumn::kInputs, "value ids such as '3 7'");
            if (!made_.contains(value)) {
                table_.refuse(*row_, at(ProfileColumn::kInputs),
                              fmt::format("ids that the network's inputs or rows above make; {} is not", value));
            }
            layer.inputs.push_back(value);
        });
        for_each_part(text(ProfileColumn::kOutputs), ' ', [&](std::string_view part) {
            constexpr std::string_view kForm = "id:bytes such as '12:401408 13:64'";
            const std::size_t colon = part.find(':');
            if (colon == std::string_view::npos) table_.refuse(*row_, at(ProfileColumn::kOutputs), kForm);
            const std::int64_t id = number(part.substr(0, colon), ProfileColumn::kOutputs, kForm);
            const std::int64_t bytes = number(part.substr(colon + 1), ProfileColumn::kOutputs, kForm);
            if (!made_.insert(id).second) {
                table_.refuse(*row_, at(ProfileColumn::kOutputs), fmt::format("new ids; {} is made already", id));
            }
            output_bytes_ += bytes;
            if (output_bytes_ > kLargestCount) {
                table_.refuse(*row_, at(ProfileColumn::kOutputs),
                              fmt::format("sizes that add up to at most {}", kLargestCount));
            }
            layer.outputs.push_back({id, Bytes(bytes)});
        });
    }

    [[nodiscard]] std::optional<EnergyReading> read_energy() const {
        const std::string& joules = text(ProfileColumn::kEnergyJoules);
        const std::string& provenance = text(ProfileColumn::kEnergyProvenance);
        if (joules.empty()) {
            for (std::size_t i = at(ProfileColumn::kEnergyUncertainty); i <= at(ProfileColumn::kEnergyBoundary); ++i) {
                if (!row_->fields[i].empty()) table_.refuse(*row_, i, "nothing, since 'energy_joules' is empty");
            }
            return std::nullopt;
        }
        EnergyReading energy;
        energy.joules = Joules(table_.number(*row_, at(ProfileColumn::kEnergyJoules), 0));
        energy.uncertainty = Joules(table_.number(*row_, at(ProfileColumn::kEnergyUncertainty), 0));
        if (provenance != "measured" && provenance != "estimated") {
            table_.refuse(*row_, at(ProfileColumn::kEnergyProvenance), "measured or estimated");
        }
        energy.provenance = provenance == "measured" ? Provenance::kMeasured : Provenance::kEstimated;
        energy.source = text(ProfileColumn::kEnergySource);
        energy.boundary = text(ProfileColumn::kEnergyBoundary);
        return energy;
    }

    const CsvTable& table_;
    const CsvRow* row_ = nullptr;
    std::unordered_set<std::int64_t> made_;
    std::unordered_set<std::string> names_;
    std::array<std::int64_t, kProfileColumns.size()> totals_{};
    std::int64_t output_bytes_ = 0;
};

/// Builds the fields of one row.
class RowWriter {
public:
    explicit RowWriter(std::string& out) : out_(out) {}

    RowWriter& text(std::string_view field) {
        append_csv_field(out_, field, first_);
        first_ = false;
        return *this;
    }
    RowWriter& count(std::int64_t number) {
        std::array<char, 24> buffer{};
        const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
        return text({buffer.data(), static_cast<std::size_t>(end - buffer.data())});
    }
    RowWriter& count(Bytes bytes) { return count(bytes.value()); }
    RowWriter& count(Nanoseconds time) { return count(time.count()); }

private:
    std::string& out_;
    bool first_ = true;
};

std::string folded_text(const LayerProfile& layer) {
    std::string text;
    for (const std::string& name : layer.folded) {
        if (name.empty() || name.find(kFoldedSeparator) != std::string::npos) {
            throw std::invalid_argument(fmt::format("the module name '{}' cannot stand in a profile", name));
        }
        if (!text.empty()) text += kFoldedSeparator;
        text += name;
    }
    return text;
}

std::string inputs_text(const LayerProfile& layer) {
    std::string text;
    for (const std::int64_t id : layer.inputs) {
        if (!text.empty()) text += ' ';
        text += std::to_string(id);
    }
    return text;
}

std::string outputs_text(const LayerProfile& layer) {
    std::string text;
    for (const ValueRef& value : layer.outputs) {
        if (!text.empty()) text += ' ';
        text += std::to_string(value.id);
        text += ':';
        text += std::to_string(value.bytes.value());
    }
    return text;
}

void append_row(std::string& out, const LayerProfile& layer, std::size_t index) {
    RowWriter row(out);
    row.count(static_cast<std::int64_t>(index)).text(layer.name).text(layer.type).text(folded_text(layer));
    row.text(inputs_text(layer)).text(outputs_text(layer));
    row.text(layer.cut_after ? "true" : "false").text(layer.cut_reason);
    row.count(layer.parameters).count(layer.macs);
    row.count(layer.weight_bytes).count(layer.activation_bytes).count(layer.peak_bytes);
    row.count(layer.latency_median).count(layer.latency_q1).count(layer.latency_q3);
    row.count(layer.latency_min).count(layer.latency_mean).count(layer.samples).count(layer.cpu_mean);
    if (layer.energy) {
        row.text(number_text(layer.energy->joules.value())).text(number_text(layer.energy->uncertainty.value()));
        row.text(provenance_name(layer.energy->provenance)).text(layer.energy->source).text(layer.energy->boundary);
    } else {
        row.text("").text("").text("").text("").text("");
    }
    out += '\n';
}

}  // namespace

Profile read_profile(std::string_view text, const std::string& file) {
    check_text(text, file);
    if (text.empty()) throw InputError(file, 0, "is empty; expected a profile");
    Profile profile;
    const ProfileHeaderExtent header = read_profile_header(text, file, profile);
    const CsvTable table = read_csv(text.substr(header.bytes), file, header.lines + 1);
    table.expect_columns(kProfileColumns);
    if (table.rows().empty())
        throw InputError(file, table.header().line, "no row follows; a profile has at least one layer");
    RowReader reader(table, profile);
    profile.layers.reserve(table.rows().size());
    for (const CsvRow& row : table.rows()) profile.layers.push_back(reader.read(row, profile.layers.size()));
    reader.expect_made(profile.output_values);
    return profile;
}

std::string write_profile(const Profile& profile) {
    std::string out;
    out.reserve(4096 + profile.layers.size() * 256);
    append_profile_header(out, profile);
    for (std::size_t i = 0; i < kProfileColumns.size(); ++i) append_csv_field(out, kProfileColumns[i], i == 0);
    out += '\n';
    for (std::size_t i = 0; i < profile.layers.size(); ++i) append_row(out, profile.layers[i], i);
    return out;
}

}  // namespace carbonedge
