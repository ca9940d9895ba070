# The front door. Every target calls scripts/ or a CMake preset (CMakePresets.json); nothing is decided here.
.DEFAULT_GOAL := help
.PHONY: help deps pictures clients build demo test bench format tidy asan tsan fuzz package install clean

PRESET ?= release
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60

help:  ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps:
	@scripts/install_deps

pictures:  ## get the library that draws the pictures of reports, where npm is there
	@scripts/install_plot_library --if-possible

clients:  ## get the Node client of the protocol that a test uses, where npm is there
	@scripts/install_node_client --if-possible

build: deps pictures  ## install what is needed, build the release programs into build/bin
	cmake --preset release
	cmake --build --preset release --target programs

demo: build  ## the whole road on two real networks, ends with one table
	scripts/demo

test: deps pictures clients  ## install what is needed, build and run every test (PRESET=release|ci|dev)
	cmake --preset $(PRESET)
	cmake --build --preset $(PRESET)
	ctest --preset $(PRESET)

bench: deps  ## build and run the benchmarks of every layer (FILTER=regex)
	cmake --preset release
	cmake --build --preset release --target benchmarks
	scripts/bench build/bin $(FILTER)

format: deps-dev  ## rewrite the C++ files with clang-format
	scripts/format

tidy: deps-dev  ## clang-tidy on the files that differ from main (ALL=1: on all)
	cmake --preset dev
	cmake --build --preset dev
	scripts/tidy_changed build/dev $(if $(ALL),--all)

asan: deps  ## what needs no LibTorch, under AddressSanitizer and UndefinedBehaviorSanitizer
	$(MAKE) test PRESET=asan

tsan: deps  ## what has threads and needs no LibTorch, under ThreadSanitizer
	$(MAKE) test PRESET=tsan

fuzz: deps-dev  ## every fuzz target for FUZZ_SECONDS each (default 60)
	cmake --preset fuzz
	cmake --build --preset fuzz
	scripts/fuzz build/fuzz/bin $(FUZZ_SECONDS)

package: build  ## a .deb in build/release
	cmake --build --preset release
	cd build/release && cpack -G DEB -B package

install: build  ## install under PREFIX (default /usr/local)
	cmake --install build/release --prefix $(PREFIX)

clean:  ## remove everything that was built
	rm -rf build

.PHONY: deps-dev
deps-dev:
	@scripts/install_deps --dev
