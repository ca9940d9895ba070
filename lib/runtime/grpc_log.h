#pragma once

#include <functional>
#include <string>

namespace carbonedge {

/// gRPC writes what goes wrong inside it to standard error, in its own words. While there is one of these, `hear` gets
/// a line of ours instead, each different one once and 64 at most; from any thread. One at a time in a process.
class GrpcLog {
public:
    explicit GrpcLog(std::function<void(const std::string&)> hear);
    ~GrpcLog();
    GrpcLog(const GrpcLog&) = delete;
    GrpcLog& operator=(const GrpcLog&) = delete;
};

/// What is to be said of a line of gRPC's: "a gRPC connection was refused: certificate verify failed"; "" for what only
/// tells how it works.
std::string told_of_grpc(const std::string& message);

}  // namespace carbonedge
