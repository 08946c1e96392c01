#include "grouper.hpp"

#include <utility>

namespace edgepose {

Grouper::Grouper(int n_keypoints, std::vector<int32_t> limbs, std::vector<float> reach, const Options& options)
    : n_keypoints_(n_keypoints), limbs_(std::move(limbs)), reach_(std::move(reach)), options_(options) {
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
