#pragma once

#include "lib/tradeoff/replan.h"

#include <CLI/CLI.hpp>

namespace carbonedge {

/// --min-saving, --payback and --restart: when a running plan should move.
void add_move_options(CLI::App& app, MovePolicy& policy);

}  // namespace carbonedge
