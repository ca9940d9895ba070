#include "lib/report/pictures_of.h"

#include "lib/report/pictures/layer_pictures.h"
#include "lib/report/pictures/ledger_pictures.h"
#include "lib/report/pictures/policy_pictures.h"
#include "lib/report/pictures/timeline_picture.h"

#include <algorithm>

namespace carbonedge {

std::vector<Picture> pictures_of_comparison(std::span<const Subject> subjects, std::size_t baseline,
                                            std::span<const FrontPlan> exact_front, std::uint64_t seed) {
    std::vector<Picture> pictures;
    pictures.push_back(tradeoff_picture(subjects, baseline, exact_front, seed));
    pictures.push_back(waterfall_picture(subjects, baseline));
    pictures.push_back(causes_picture(subjects, baseline));
    if (std::any_of(subjects.begin(), subjects.end(), [](const Subject& subject) { return subject.run; })) {
        pictures.push_back(prediction_picture(subjects, seed));
    }
    pictures.push_back(placement_picture(subjects));
    return pictures;
}

std::vector<Picture> pictures_of_subject(const Subject& subject, std::uint64_t seed) {
    std::vector<Picture> pictures;
    pictures.push_back(layers_picture(subject));
    if (subject.run) {
        if (answered_requests(*subject.run) > 0) pictures.push_back(timeline_picture(subject));
        pictures.push_back(prediction_picture({&subject, 1}, seed));
    }
    pictures.push_back(ledger_picture(subject));
    return pictures;
}

std::vector<Picture> pictures_of_profile(const Profile& profile) {
    std::vector<Picture> pictures;
    if (!profile.layers.empty()) pictures.push_back(layers_picture(profile));
    return pictures;
}

std::vector<Picture> pictures_of_partition(const Partition& partition) {
    std::vector<Picture> pictures;
    if (!partition.stages.empty()) pictures.push_back(layers_picture(partition));
    return pictures;
}

}  // namespace carbonedge
