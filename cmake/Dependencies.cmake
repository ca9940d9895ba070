# Every library that the house uses. Debian 12 packages: scripts/install_deps.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Boost 1.74 REQUIRED COMPONENTS program_options)
find_package(CLI11 REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG QUIET)
find_path(CARBONEDGE_CSV_INCLUDE csv.h REQUIRED)
find_library(CARBONEDGE_CSV_LIBRARY csv REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS SSL Crypto)

# LibTorch's headers are not ours to warn about, and its exported flags must not leak beyond the layer that uses it.
find_package(Torch REQUIRED)
add_library(carbonedge_torch INTERFACE)
target_include_directories(carbonedge_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
target_link_libraries(carbonedge_torch INTERFACE ${TORCH_LIBRARIES})
