#pragma once

#include <string>

namespace carbonedge {

/// What carries tensors between the nodes of a plan and their gateway, see docs/transport.md.
enum class TensorPath { kAuto, kUnix, kShm, kTcp, kTls, kUcx };  ///< kAuto: what the engine does best

/// "shm:", what an address of this path begins with; not of kAuto.
inline std::string scheme_of(TensorPath path) {
    switch (path) {
        case TensorPath::kShm:
            return "shm:";
        case TensorPath::kTcp:
            return "tcp:";
        case TensorPath::kTls:
            return "tls:";
        case TensorPath::kUcx:
            return "ucx:";
        case TensorPath::kAuto:
        case TensorPath::kUnix:
            break;
    }
    return "unix:";
}

/// Whether both ends meet at a path in the file system, else at host and port.
inline bool meets_in_files(TensorPath path) { return path == TensorPath::kUnix || path == TensorPath::kShm; }

}  // namespace carbonedge
