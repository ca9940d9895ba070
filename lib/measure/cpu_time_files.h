#pragma once

#include "lib/units/quantity.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace carbonedge {

/// CPU time in the kernel's files. `ticks_per_second` is sysconf(_SC_CLK_TCK). Nothing where the text is none of that
/// kind.
/// /proc/PID/stat: user and system time of the process with all its threads, of children only once they were waited
/// for by nobody. The name in parentheses may hold blanks and parentheses.
std::optional<Seconds> process_stat_cpu_time(std::string_view text, long ticks_per_second);
/// First line of /proc/stat: what all processors worked, interrupts included; idle, iowait and steal are not work, and
/// guest time is part of user time already.
std::optional<Seconds> host_stat_cpu_time(std::string_view text, long ticks_per_second);
/// cpu.stat of a v2 control group (`usage_usec`), or cpuacct.usage of v1 (one number, nanoseconds).
std::optional<Seconds> group_cpu_time(std::string_view text);

/// Whom CPU time is asked of: a process by its number, or a control group by its folder.
struct CpuConsumer {
    std::string name;  ///< as the user typed it
    bool is_process() const;
};

/// Reads a file's text, or nothing.
using FileText = std::function<std::optional<std::string>(const std::string& path)>;

/// CPU time used so far, or why it cannot be told ("process 12 is gone").
struct CpuTimeAnswer {
    std::optional<Seconds> used;
    std::string problem;
};
CpuTimeAnswer cpu_time_of(const CpuConsumer& consumer, const std::string& proc_root, long ticks_per_second,
                          const FileText& read);
CpuTimeAnswer cpu_time_of_host(const std::string& proc_root, long ticks_per_second, const FileText& read);

}  // namespace carbonedge
