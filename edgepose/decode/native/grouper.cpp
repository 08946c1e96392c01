#include "grouper.hpp"

#include <algorithm>
#include <utility>

namespace edgepose {

Grouper::Grouper(int n_keypoints, std::vector<int32_t> limbs, std::vector<float> reach, const Options& options)
    : n_keypoints_(n_keypoints), limbs_(std::move(limbs)), reach_(std::move(reach)), options_(options) {
    for (std::size_t i = 0; i < limbs_.size(); i += 4)
        n_channels_ = std::max({n_channels_, limbs_[i + 2] + 1, limbs_[i + 3] + 1});
    rate_.reserve(reach_.size());
    for (float length : reach_) rate_.push_back(1.0f / (length * length));
}

int Grouper::group(const Maps& heatmaps, const Maps& pafs) {
    find_peaks(heatmaps);
    score_limbs(pafs);
    assemble();
    bridge();
    collect_people();
    return static_cast<int>(people_.size());
}

}  // namespace edgepose
