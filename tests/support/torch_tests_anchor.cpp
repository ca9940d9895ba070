// The tests that link LibTorch are added by tests/unit/<layer>/CMakeLists.txt; a target needs one source of its own.
