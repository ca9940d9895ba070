#pragma once

#include "lib/partition/partition.h"
#include "lib/profile/profile.h"
#include "lib/report/pictures/picture.h"
#include "lib/report/subject.h"

#include <span>

namespace carbonedge {

/// Every row of a profile with its time and joules, along the network; where cuts are illegal is not drawn.
Picture layers_picture(const Profile& profile);

/// The same for the pipeline of a plan that takes most requests, with its cuts and nodes: what the plan predicts for a
/// stage, shared out among its layers in proportion to their profiled times and joules.
Picture layers_picture(const Subject& subject);

/// The rows of a profile, coloured by the stages that a partition puts them in.
Picture layers_picture(const Partition& partition);

/// Which layers each policy runs on which node. Several pipelines of one policy are rows of their own.
Picture placement_picture(std::span<const Subject> subjects);

}  // namespace carbonedge
