#pragma once

#include <cstddef>
#include <vector>

namespace carbonedge {

/// Boundaries of blocks of a sequence: first 0, last its length, ascending; block b is [boundaries[b],
/// boundaries[b+1]). Neighbours may be equal: an empty block.
using Boundaries = std::vector<std::size_t>;

/// Blocks of nearly equal sums by Barany and Grinberg, "Block partitions of sequences" (arXiv 1308.2452), as torchgpipe
/// balances the layers of a GPipe pipeline (Kim et al., arXiv 2004.09910; torchgpipe.balance, also in PyTorch's
/// torch.distributed.pipeline.sync): costs are scaled to 0..1 between the least and the greatest, elements move from
/// block to block until the greatest sum is at most 1 above the least. Not optimal in general. `blocks` from 1 to the
/// number of costs.
Boundaries block_partition(const std::vector<double>& costs, std::size_t blocks);

/// PipeDream's dynamic program (Narayanan et al., SOSP 2019, section 3.1) for identical machines without replication:
/// A(j, m) = min over k of max(A(k, m - 1), transfer before k, time of k..j-1), over at most `machines` stages; the
/// fewest stages of those that are best. Forward passes only: a transfer counts once, not twice. `transfers[k]` is the
/// time of shipping what crosses before element k (k = 0 is not used). O(machines * elements^2).
Boundaries pipedream_split(const std::vector<double>& times, const std::vector<double>& transfers,
                           std::size_t machines);

/// Layers in proportion to memory on a ring (exo, RingMemoryWeightedPartitioningStrategy): fractions rounded to five
/// decimals, boundaries rounded down, the last block takes the rest. `memory` in the order of the ring; where all of it
/// is 0, equal fractions.
Boundaries memory_weighted_split(std::size_t layers, const std::vector<double>& memory);

}  // namespace carbonedge
