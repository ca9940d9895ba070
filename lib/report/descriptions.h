#pragma once

#include "lib/partition/partition.h"
#include "lib/profile/profile.h"
#include "lib/profile/samples.h"
#include "lib/report/benchmark_file.h"
#include "lib/report/document.h"
#include "lib/report/subject.h"

#include <cstdint>

namespace carbonedge {

/// A plan: what it predicts (facts "prediction"), what is proven about it (facts "proof"), its stages, transfers and
/// predicted ledger.
Document describe_plan(const Subject& subject);

/// A run: facts "run", table "latency" (predicted beside measured), "stages", "nodes", "ledger", "sci".
/// `subject.run` is set. `seed` is that of the bootstrap.
Document describe_run(const Subject& subject, std::uint64_t seed);

/// A profile: facts "profile", table "layers", table "checks".
Document describe_profile(const Profile& profile);

/// A partition: facts "partition", table "stages" with the share of each cost model beside the measured time.
Document describe_partition(const Partition& partition);

/// Samples: facts "samples", table "rounds" with the CPU time of each round's models.
Document describe_samples(const Samples& samples);

/// What another tool timed: facts "measurement", table "benchmarks".
Document describe_benchmarks(const BenchmarkTimings& timings);

}  // namespace carbonedge
