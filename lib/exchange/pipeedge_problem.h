#pragma once

#include "lib/exchange/foreign_problem.h"

#include <cstdint>
#include <string>

namespace carbonedge {

/// Which of the problems in PipeEdge's files is meant, and its scheduler's own options with their defaults.
struct PipeEdgeRequest {
    std::string model;
    std::int64_t batch = 8;
    std::string dtype = "torch.float32";
    int buffers_in = 2;   ///< copies of a message in receive buffer and queue
    int buffers_out = 2;  ///< likewise in send buffer and queue
};

/// Reads PipeEdge's models, device types and devices (YAML, README_Scheduler.md of usc-isi/PipeEdge) as the problem
/// that its scheduler solves, with its constants: 1 Mbps = 1024 * 1024 / 8 bytes a second, 1 MB = 1024 * 1024 bytes, a
/// link as fast as the slower of its ends, no cost towards the gateway, need of memory strictly below what a node has,
/// one more copy of each message than the buffers (the one being worked on) and one of the network's input. A
/// `parameters_out` that is too short is repeated, as there, with a remark. A device type that is not described is an
/// error, also where no host is of it; one without times for this model, batch and type is left out with a remark.
/// Throws InputError with file and line.
ForeignProblem read_pipeedge_problem(const NamedText& models, const NamedText& device_types, const NamedText& devices,
                                     const PipeEdgeRequest& request, const AssumedPower& power);

}  // namespace carbonedge
