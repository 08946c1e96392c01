// Step 4: fragments of one person joined across a joint that is hidden.
#include <algorithm>

#include "grouper.hpp"

namespace edgepose {
namespace {

constexpr int kCoreKeypoints = 3;
constexpr float kMeasurable = 0.11f;

int root(const std::vector<int>& now_in, int i) {
    while (now_in[i] != i) i = now_in[i];
    return i;
}

}  // namespace

// The found keypoints of a fragment, side by side.
int Grouper::gather(int fragment, Joint* joints) const {
    const int* peaks = slots(fragment);
    int n = 0;
    for (int k = 0; k < n_keypoints_; ++k)
        if (peaks[k] >= 0) joints[n++] = {k, peaks_[peaks[k]].x, peaks_[peaks[k]].y};
    return n;
}

// Largest squared distance over squared reach between two sets of joints; gives up above `enough`.
float Grouper::widest2(const Joint* first, int n_first, const Joint* second, int n_second, float enough) const {
    float widest = 0;
    for (int j = 0; j < n_second; ++j)
        for (int i = 0; i < n_first; ++i) {
            const float dx = first[i].x - second[j].x, dy = first[i].y - second[j].y;
            widest = std::max(widest, (dx * dx + dy * dy) * rate_[first[i].keypoint * n_keypoints_ + second[j].keypoint]);
            if (widest > enough) return widest;
        }
    return widest;
}

// Square of the smallest stature, in pixels, at which the bones allow the joints' own distances.
float Grouper::stature2(const Joint* joints, int n) const {
    float widest = 0;
    for (int i = 0; i < n; ++i)
        for (int j = i + 1; j < n; ++j) {
            const int pair = joints[i].keypoint * n_keypoints_ + joints[j].keypoint;
            const float dx = joints[i].x - joints[j].x, dy = joints[i].y - joints[j].y;
            if (reach_[pair] > kMeasurable) widest = std::max(widest, (dx * dx + dy * dy) * rate_[pair]);
        }
    return widest;
}

// How far two sets of joints spread for a person of this stature; `limit2` at most when they may belong together.
double Grouper::spread2(const Joint* first, int n_first, const Joint* second, int n_second, double stature2,
                        double limit2) const {
    const float enough = static_cast<float>(limit2 * stature2 * 1.001);
    return widest2(first, n_first, second, n_second, enough) / stature2;
}

void Grouper::bridge() {
    const std::size_t n = peaks_.size(), n_alive = alive_.size();
    stature2_.resize(n);
    now_in_.resize(n);
    joints_.resize(n + 2 * static_cast<std::size_t>(n_keypoints_));
    first_joint_.assign(1, 0);
    cores_.clear();
    for (std::size_t i = 0; i < n_alive; ++i) {
        const int fragment = alive_[i];
        Joint* joints = joints_.data() + first_joint_[i];
        const int n_joints = gather(fragment, joints);
        first_joint_.push_back(first_joint_[i] + n_joints);
        stature2_[fragment] = stature2(joints, n_joints);
        now_in_[fragment] = fragment;
        if (n_joints >= kCoreKeypoints) cores_.push_back(static_cast<int>(i));
    }
    if (!(options_.reach > 0)) return;
    const double limit2 = options_.reach * options_.reach;
    candidates_.clear();
    for (int core : cores_) {
        const Joint* first = joints_.data() + first_joint_[core];
        const int n_first = first_joint_[core + 1] - first_joint_[core];
        for (std::size_t i = 0; i < n_alive; ++i) {
            const int n_second = first_joint_[i + 1] - first_joint_[i];
            const double stature = std::max(stature2_[alive_[core]], stature2_[alive_[i]]);
            if (core == static_cast<int>(i) || n_second > n_first || !(stature > 0)) continue;
            const double spread =
                spread2(first, n_first, joints_.data() + first_joint_[i], n_second, stature, limit2);
            if (spread <= limit2) candidates_.push_back({spread, alive_[core], alive_[i]});
        }
    }
    std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
        if (a.spread != b.spread) return a.spread < b.spread;
        return a.core != b.core ? a.core < b.core : a.other < b.other;
    });
    Joint *first = joints_.data() + n, *second = first + n_keypoints_;
    for (const Candidate& candidate : candidates_) {
        const int into = root(now_in_, candidate.core), gone = root(now_in_, candidate.other);
        const float stature = std::max(stature2_[into], stature2_[gone]);
        if (into == gone) continue;
        if (spread2(first, gather(into, first), second, gather(gone, second), stature, limit2) > limit2) continue;
        now_in_[gone] = into;
        join(into, gone);
        stature2_[into] = stature;
    }
}

}  // namespace edgepose
