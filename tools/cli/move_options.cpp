#include "tools/cli/move_options.h"

#include "lib/base/errors.h"
#include "lib/units/text.h"
#include "tools/cli/text_options.h"

#include <fmt/format.h>

namespace carbonedge {
namespace {

double percent(const std::string& text) {
    if (!text.ends_with("%")) {
        throw UsageError(fmt::format("--min-saving: '{}' has no unit, expected a share such as 5%", text));
    }
    return parse_number(text.substr(0, text.size() - 1), "--min-saving") / 100;
}

}  // namespace

void add_move_options(CLI::App& app, MovePolicy& policy) {
    add_text_option(app, "--min-saving", "least saving worth a move, such as 5%", "5%",
                    [&policy](const std::string& text) { policy.least_saving = percent(text); });
    add_text_option(
        app, "--payback", "time within which a move must be paid back", "1h",
        [&policy](const std::string& text) { policy.payback = to_seconds(parse_duration(text, "--payback")); });
    add_text_option(
        app, "--restart", "CPU time of loading a stage on its node", "2s",
        [&policy](const std::string& text) { policy.restart = to_seconds(parse_duration(text, "--restart")); });
}

}  // namespace carbonedge
