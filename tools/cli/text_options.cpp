#include "tools/cli/text_options.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"

namespace carbonedge {

void add_text_option(CLI::App& app, const std::string& name, const std::string& description, const std::string& shown,
                     const std::function<void(const std::string&)>& read) {
    app.add_option_function<std::string>(name, read, description)->default_str(shown);
}

void add_list_option(CLI::App& app, const std::string& name, const std::string& description, const std::string& type,
                     const std::function<void(const std::string&)>& read) {
    app.add_option_function<std::vector<std::string>>(
           name,
           [read](const std::vector<std::string>& words) {
               for (const std::string& word : words) read(word);
           },
           description)
        ->type_name(type)
        ->take_all()
        ->allow_extra_args(false);
}

std::size_t choose(const std::string& option, const std::string& kind, const std::string& word,
                   const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == word) return i;
    }
    throw UsageError(option + ": " + unknown_name_message(kind, word, names));
}

std::pair<std::string, std::string> assignment(const std::string& option, const std::string& text,
                                               const std::string& form) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
        throw UsageError(option + ": '" + text + "' is not of the form " + form);
    }
    return {text.substr(0, equals), text.substr(equals + 1)};
}

}  // namespace carbonedge
