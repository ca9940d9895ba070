#include "tools/cli/series_options.h"

#include "lib/base/errors.h"
#include "tools/cli/text_options.h"

namespace carbonedge {

void add_series_options(CLI::App& app, SeriesOptions& options, const std::string& from_description,
                        const std::string& from_default) {
    add_list_option(
        app, "--series", "intensities of a zone over time; may be repeated", "ZONE=FILE",
        [&options](const std::string& text) { options.files.push_back(assignment("--series", text, "ZONE=FILE")); });
    add_text_option(app, "--scope", "direct or lifecycle, where a series has both or does not say", "",
                    [&options](const std::string& text) {
                        options.choice.scope =
                            static_cast<IntensityScope>(choose("--scope", "scope", text, {"direct", "lifecycle"}));
                    });
    add_text_option(app, "--signal", "average or marginal, where a series does not say", "",
                    [&options](const std::string& text) {
                        options.choice.signal =
                            static_cast<IntensitySignal>(choose("--signal", "signal", text, {"average", "marginal"}));
                    });
    add_text_option(app, "--from", from_description, from_default, [&options](const std::string& text) {
        options.from = parse_utc(text);
        if (!options.from) {
            throw UsageError("--from: '" + text + "' is no time, expected one such as 2024-01-31T12:00Z");
        }
    });
}

}  // namespace carbonedge
