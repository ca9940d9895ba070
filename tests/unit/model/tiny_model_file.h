#pragma once

#include "lib/model/model.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tiny_models.h"

#include <string>

namespace carbonedge {

/// A tiny network in a file of its own and loaded, frozen unless asked: its rows are then the same on every machine.
struct TinyModelFile {
    explicit TinyModelFile(const std::string& name, bool optimise = false, int depth = 0)
        : path(folder.file(name + ".pt")), model([&] {
              write_tiny_model(name, path);
              ModelOptions options;
              options.inputs = tiny_model(name).inputs;
              options.optimise = optimise;
              options.compare_speed = false;
              options.grouping_depth = depth;
              return Model::load(path, options);
          }()) {}

    TemporaryFolder folder;
    std::string path;
    Model model;
};

}  // namespace carbonedge
