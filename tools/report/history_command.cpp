#include "tools/report/history_command.h"

#include "lib/base/atomic_file.h"
#include "lib/base/quantile.h"
#include "lib/report/gate_evidence.h"
#include "lib/report/pictures/trend_picture.h"
#include "lib/report/trend.h"
#include "tools/report/picture_rendering.h"
#include "tools/report/read_inputs.h"

#include <fmt/format.h>
#include <algorithm>
#include <ostream>
#include <string>

namespace carbonedge {
namespace {

/// Of a pair taken in turns, the current side.
Evidence side_to_keep(const ReportInput& input, const std::string& file, const EvidenceOptions& options) {
    if (is_interleaved(input)) return interleaved_evidence({input}, {file}, options).current.front();
    return evidence_of(input, file, options);
}

/// Rounds of one session count once in a history: their middle, with as many digits as a measurement has.
void shorten(Evidence& evidence) {
    for (EvidenceQuantity& quantity : evidence.quantities) {
        quantity.samples.clear();
        if (quantity.exact) continue;
        std::sort(quantity.units.begin(), quantity.units.end());
        quantity.units = {std::stod(fmt::format("{:.6g}", quantile(quantity.units, 0.5)))};
    }
}

ExitStatus append(const ReportOptions& options, std::istream& in, std::ostream& err) {
    const std::vector<ReportInput> inputs = read_report_inputs(options.files, in);
    EvidenceOptions evidence;
    evidence.clock = clock_for(inputs);
    evidence.seed = options.standard.seed;
    // Everything is understood before anything is written.
    std::vector<HistoryEntry> entries;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        entries.push_back({options.commit, side_to_keep(inputs[i], options.files[i], evidence)});
    }
    for (HistoryEntry& entry : entries) shorten(entry.evidence);
    for (const HistoryEntry& entry : entries) append_history(options.history, entry);
    if (!options.standard.quiet) {
        err << fmt::format("{}: {} line{} appended for {}\n", options.history, entries.size(),
                           entries.size() == 1 ? "" : "s", options.commit);
    }
    return ExitStatus::kOk;
}

}  // namespace

void check_history_name(const std::string& path) {
    for (const std::string_view ending : {".sqlite", ".sqlite3", ".db"}) {
        if (path.ends_with(ending)) {
            throw UsageError(
                fmt::format("{}: histories are JSON lines, not SQLite; call it {}.jsonl (docs/gate.md says how to load "
                            "one into SQLite)",
                            path, path.substr(0, path.size() - ending.size())));
        }
    }
}

ExitStatus history_command(const ReportOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    check_history_name(options.history);
    if (!options.files.empty()) return append(options, in, err);
    const History history = read_history(read_input(options.history, in), options.history);
    const Document document = describe_history(history, options.standard.seed);
    write_output(
        options.standard.output, options.standard.overwrite,
        render_report(document, options.standard, {options.table, options.picture, options.plot, options.width},
                      [&] { return trend_pictures(document); }),
        out);
    if (!options.standard.quiet) {
        for (const std::string& remark : history.remarks) err << "carbonedge-report: warning: " << remark << "\n";
    }
    return ExitStatus::kOk;
}

}  // namespace carbonedge
