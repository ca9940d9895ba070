#pragma once

#include "lib/gate/evidence.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// One line of a history: what was measured of one commit.
struct HistoryEntry {
    std::string commit;
    Evidence evidence;  ///< one value a quantity: rounds of one session count once

    bool operator==(const HistoryEntry&) const = default;
};

/// What a history file holds, schema carbonedge.history/1: JSON lines, one a commit, oldest first.
struct History {
    std::vector<HistoryEntry> entries;
    /// What of the file is no whole line: the rest of a write that was cut off. Said, not an error; nothing after it is
    /// lost.
    std::vector<std::string> remarks;

    bool operator==(const History&) const = default;
};

/// Reads a history. Every line has the schema, since a file is appended to for years; one of a newer version is
/// refused. A line that is no JSON is a write that did not finish (its writer was killed, the disk was full): it is
/// left out and remarked upon. Throws InputError for anything else that is wrong.
History read_history(std::string_view text, const std::string& file);

/// One line with its newline. Reading it back gives the same entry.
std::string history_line(const HistoryEntry& entry);

/// Appends the entry: one write to a file opened for appending, under an exclusive lock (flock), then synced to disk.
/// Two writers do not mix their lines; a last line without a newline is ended first. Makes the file where it is not.
/// Throws EnvironmentError, and InputError where the file's first whole line is not one of a history: such a file stays
/// as it is.
void append_history(const std::string& path, const HistoryEntry& entry);

/// The last `count` entries that have this kind, oldest first.
std::vector<Evidence> last_of_history(const History& history, std::size_t count, std::string_view kind);

}  // namespace carbonedge
