#include "lib/formats/header_lines.h"

#include "lib/base/errors.h"

namespace carbonedge {

HeaderLines take_header_lines(std::string_view text, const std::string& file) {
    HeaderLines header{{}, text, 1};
    while (header.rest.starts_with("# ")) {
        const std::size_t end = header.rest.find('\n');
        const std::string_view line = header.rest.substr(2, end == std::string_view::npos ? end : end - 2);
        const std::size_t colon = line.find(": ");
        if (colon == std::string_view::npos)
            throw InputError(file, header.line, "is no header line, expected '# key: value'");
        header.members.push_back({line.substr(0, colon), line.substr(colon + 2), header.line});
        header.rest.remove_prefix(end == std::string_view::npos ? header.rest.size() : end + 1);
        ++header.line;
    }
    return header;
}

}  // namespace carbonedge
