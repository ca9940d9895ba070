#include "lib/base/errors.h"

#include <fmt/format.h>

namespace carbonedge {
namespace {

std::string located(const std::string& file, long line, const std::string& problem) {
    return line > 0 ? fmt::format("{}:{}: {}", file, line, problem) : fmt::format("{}: {}", file, problem);
}

}  // namespace

InputError::InputError(std::string file, long line, std::string problem)
    : std::runtime_error(located(file, line, problem)),
      file_(std::move(file)),
      line_(line),
      problem_(std::move(problem)) {}

EnvironmentError::EnvironmentError(std::string_view what, std::string_view remedy)
    : std::runtime_error(remedy.empty() ? std::string(what) : fmt::format("{}; {}", what, remedy)) {}

}  // namespace carbonedge
