#include "lib/base/errors.h"

#include <fmt/format.h>

namespace carbonedge {
namespace {

std::string located(const std::string& file, long line, const std::string& problem) {
    return line > 0 ? fmt::format("{}:{}: {}", file, line, problem) : fmt::format("{}: {}", file, problem);
}

/// Messages quote what was read; a line break in it must not make two lines of one message.
std::string on_one_line(std::string text) {
    for (char& letter : text) {
        if (letter == '\n' || letter == '\r') letter = '?';
    }
    return text;
}

}  // namespace

InputError::InputError(std::string file, long line, std::string problem)
    : std::runtime_error(on_one_line(located(file, line, problem))),
      file_(std::move(file)),
      line_(line),
      problem_(on_one_line(std::move(problem))) {}

EnvironmentError::EnvironmentError(std::string_view what, std::string_view remedy)
    : std::runtime_error(remedy.empty() ? std::string(what) : fmt::format("{}; {}", what, remedy)) {}

}  // namespace carbonedge
