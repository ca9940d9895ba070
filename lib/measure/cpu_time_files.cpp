#include "lib/measure/cpu_time_files.h"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <cstdint>

namespace carbonedge {
namespace {

std::string_view take_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const std::string_view word = text.substr(0, text.find_first_of(" \n"));
    text.remove_prefix(word.size());
    return word;
}

std::optional<std::uint64_t> whole(std::string_view word) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (word.empty() || error != std::errc() || end != word.data() + word.size()) return std::nullopt;
    return number;
}

Seconds of_ticks(std::uint64_t ticks, long ticks_per_second) {
    return Seconds(static_cast<double>(ticks) / static_cast<double>(ticks_per_second));
}

}  // namespace

std::optional<Seconds> process_stat_cpu_time(std::string_view text, long ticks_per_second) {
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string_view::npos || ticks_per_second <= 0) return std::nullopt;
    text.remove_prefix(name_end + 1);
    for (int field = 3; field < 14; ++field) take_word(text);  // state to cmajflt
    const auto user = whole(take_word(text));
    const auto system = whole(take_word(text));
    if (!user || !system) return std::nullopt;
    return of_ticks(*user, ticks_per_second) + of_ticks(*system, ticks_per_second);
}

std::optional<Seconds> host_stat_cpu_time(std::string_view text, long ticks_per_second) {
    if (!text.starts_with("cpu ") || ticks_per_second <= 0) return std::nullopt;
    text.remove_prefix(4);
    Seconds used{0};
    for (int field = 0; field < 7; ++field) {  // user nice system idle iowait irq softirq
        const auto ticks = whole(take_word(text));
        if (!ticks) return std::nullopt;
        if (field != 3 && field != 4) used += of_ticks(*ticks, ticks_per_second);
    }
    return used;
}

std::optional<Seconds> group_cpu_time(std::string_view text) {
    std::string_view rest = text;
    while (!rest.empty()) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        if (!line.starts_with("usage_usec ")) continue;
        line.remove_prefix(std::string_view("usage_usec ").size());
        const auto micros = whole(line);
        return micros ? std::optional(Seconds(static_cast<double>(*micros) / 1e6)) : std::nullopt;
    }
    const auto nanos = whole(text.substr(0, text.find('\n')));
    return nanos ? std::optional(Seconds(static_cast<double>(*nanos) / 1e9)) : std::nullopt;
}

bool CpuConsumer::is_process() const {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

CpuTimeAnswer cpu_time_of(const CpuConsumer& consumer, const std::string& proc_root, long ticks_per_second,
                          const FileText& read) {
    if (consumer.is_process()) {
        const auto text = read(fmt::format("{}/{}/stat", proc_root, consumer.name));
        if (!text) return {std::nullopt, fmt::format("process {} is not there", consumer.name)};
        const auto used = process_stat_cpu_time(*text, ticks_per_second);
        if (!used) return {std::nullopt, fmt::format("{}/{}/stat has no CPU time", proc_root, consumer.name)};
        return {used, ""};
    }
    for (const char* file : {"cpu.stat", "cpuacct.usage"}) {
        const auto text = read(fmt::format("{}/{}", consumer.name, file));
        if (!text) continue;
        if (const auto used = group_cpu_time(*text)) return {used, ""};
    }
    return {std::nullopt,
            fmt::format("{} has neither cpu.stat with usage_usec (v2) nor cpuacct.usage (v1); is it a control group?",
                        consumer.name)};
}

CpuTimeAnswer cpu_time_of_host(const std::string& proc_root, long ticks_per_second, const FileText& read) {
    const auto text = read(proc_root + "/stat");
    const auto used = text ? host_stat_cpu_time(*text, ticks_per_second) : std::nullopt;
    if (!used) return {std::nullopt, proc_root + "/stat has no CPU time of the machine"};
    return {used, ""};
}

}  // namespace carbonedge
