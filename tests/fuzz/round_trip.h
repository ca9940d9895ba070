#pragma once

#include "lib/base/errors.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace carbonedge::fuzz {

/// Ends the program, as libFuzzer wants a finding reported, in every build type.
inline void require(bool condition) {
    if (!condition) std::abort();
}

inline std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
}

/// What `read` makes of the text, or nothing where it refuses it with a one-line InputError. Anything else that is
/// thrown is a finding.
template <class Read>
auto read_or_refuse(std::string_view text, const Read& read) -> std::optional<decltype(read(text))> {
    try {
        return read(text);
    } catch (const InputError& error) {
        const std::string_view line = error.what();
        require(!line.empty() && line.find('\n') == std::string_view::npos);
        return std::nullopt;
    }
}

/// The property of every reader: the text is refused, or what was read is written to a text that is read without a
/// complaint and written as the same bytes again.
template <class Read, class Write>
void round_trip(std::string_view text, const Read& read, const Write& write) {
    const auto value = read_or_refuse(text, read);
    if (!value) return;
    const std::string written = write(*value);
    require(write(read(written)) == written);
}

}  // namespace carbonedge::fuzz
