// Step 3: limbs joined to fragments of people, the strongest first.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "grouper.hpp"

namespace edgepose {

void Grouper::assemble() {
    const int n = static_cast<int>(peaks_.size());
    slots_.assign(static_cast<std::size_t>(n) * n_keypoints_, -1);
    fragment_of_.resize(n);
    std::iota(fragment_of_.begin(), fragment_of_.end(), 0);
    n_found_.assign(n, 1);
    limb_score_.assign(n, 0.0);
    for (int peak = 0; peak < n; ++peak) slots(peak)[peaks_[peak].keypoint] = peak;
    taken_.assign(limbs_.size() / 4 * n, 0);

    // Strongest first, of equals the earlier: scores are not negative, so their bits sort like they do.
    keys_.clear();
    for (const Connection& connection : connections_) {
        uint32_t bits;
        std::memcpy(&bits, &connection.score, sizeof bits);
        keys_.push_back(static_cast<uint64_t>(~bits) << 32 | keys_.size());
    }
    std::sort(keys_.begin(), keys_.end());
    for (const uint64_t key : keys_) {
        const Connection& connection = connections_[static_cast<uint32_t>(key)];
        uint8_t* taken = &taken_[static_cast<std::size_t>(connection.limb) * n];
        if (taken[connection.start] || taken[connection.end]) continue;
        const int a = fragment_of_[connection.start], b = fragment_of_[connection.end];
        const int into = std::min(a, b), gone = std::max(a, b);
        if (into != gone) {
            const int *first = slots(into), *second = slots(gone);
            bool clash = false;
            for (int k = 0; k < n_keypoints_; ++k) clash |= first[k] >= 0 && second[k] >= 0;
            if (clash) continue;
            for (int k = 0; k < n_keypoints_; ++k)
                if (second[k] >= 0) fragment_of_[second[k]] = into;
            join(into, gone);
        }
        taken[connection.start] = taken[connection.end] = 1;
        limb_score_[into] += connection.score;
    }
    alive_.clear();
    for (int peak = 0; peak < n; ++peak)
        if (fragment_of_[peak] == peak) alive_.push_back(peak);
}

// `into` takes in `gone`; of a keypoint that both have, `into` keeps its own.
void Grouper::join(int into, int gone) {
    int* keeps = slots(into);
    const int* gives = slots(gone);
    for (int k = 0; k < n_keypoints_; ++k)
        if (keeps[k] < 0 && gives[k] >= 0) {
            keeps[k] = gives[k];
            ++n_found_[into];
        }
    limb_score_[into] += limb_score_[gone];
}

}  // namespace edgepose
