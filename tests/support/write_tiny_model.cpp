// write_tiny_model NAME PATH: saves one of the tests' networks, for tests that start programs.
#include "tests/support/tiny_models.h"

#include <exception>
#include <iostream>

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: write_tiny_model NAME PATH\nnames:";
        for (const carbonedge::TinyModel& model : carbonedge::tiny_models()) std::cerr << ' ' << model.name;
        std::cerr << '\n';
        return 2;
    }
    try {
        carbonedge::write_tiny_model(argv[1], argv[2]);
    } catch (const std::exception& error) {
        std::cerr << "write_tiny_model: " << error.what() << '\n';
        return 4;
    }
    return 0;
}
