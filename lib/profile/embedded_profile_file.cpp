#include "lib/profile/embedded_profile_file.h"

#include "lib/base/errors.h"
#include "lib/profile/profile_file.h"

#include <nlohmann/json.hpp>

namespace carbonedge {

Profile profile_from_json(const JsonCursor& cursor) {
    std::string text;
    std::vector<long> lines;
    for (const JsonCursor& element : cursor.elements()) {
        const std::string line = element.text();
        if (line.find('\n') != std::string::npos) element.refuse("a line of a profile has a line feed in it");
        text += line;
        text += '\n';
        lines.push_back(element.line());
    }
    try {
        return read_profile(text, cursor.file());
    } catch (const InputError& error) {
        const auto inside = static_cast<std::size_t>(error.line());
        const bool known = error.line() > 0 && inside <= lines.size();
        throw InputError(error.file(), known ? lines[inside - 1] : cursor.line(), "in the profile: " + error.problem());
    }
}

nlohmann::ordered_json profile_to_json(const Profile& profile) {
    nlohmann::ordered_json lines = nlohmann::ordered_json::array();
    const std::string text = write_profile(profile);
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

}  // namespace carbonedge
