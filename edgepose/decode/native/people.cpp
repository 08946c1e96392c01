// Step 5: fragments that are complete enough become people with a score, best first.
#include <algorithm>
#include <limits>

#include "grouper.hpp"

namespace edgepose {

void Grouper::collect_people() {
    people_.clear();
    const int n_limbs = static_cast<int>(limbs_.size() / 4);
    for (int fragment : alive_) {
        if (now_in_[fragment] != fragment || n_found_[fragment] < options_.min_keypoints) continue;
        double total = limb_score_[fragment];
        const int* peaks = slots(fragment);
        for (int k = 0; k < n_keypoints_; ++k)
            if (peaks[k] >= 0) total += peaks_[peaks[k]].score;
        const double score = std::min(total / (n_keypoints_ + n_limbs), 1.0);
        if (score >= options_.min_score) people_.push_back({score, fragment});
    }
    std::sort(people_.begin(), people_.end(), [](const Person& a, const Person& b) {
        return a.score != b.score ? a.score > b.score : a.fragment < b.fragment;
    });
}

void Grouper::write(float* keypoints, float* scores) const {
    const float absent = std::numeric_limits<float>::quiet_NaN();
    for (const Person& person : people_) {
        *scores++ = static_cast<float>(person.score);
        const int* peaks = slots(person.fragment);
        for (int k = 0; k < n_keypoints_; ++k, keypoints += 3) {
            const bool found = peaks[k] >= 0;
            keypoints[0] = found ? peaks_[peaks[k]].x : absent;
            keypoints[1] = found ? peaks_[peaks[k]].y : absent;
            keypoints[2] = found ? peaks_[peaks[k]].score : 0.0f;
        }
    }
}

}  // namespace edgepose
