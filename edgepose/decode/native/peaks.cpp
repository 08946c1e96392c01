// Step 1: local maxima of the keypoint heatmaps, placed between the cells.
#include <algorithm>
#include <cmath>

#include "grouper.hpp"

namespace edgepose {
namespace {

constexpr double kLowest = 0.01;
constexpr int kBlock = 16;  // cells of a row tested at once

// The tests are written so that the compiler turns them into vector compares: most of a map holds nothing.
inline bool any_above(const float* cells, int n, float threshold) {
    int above = 0;
    for (int i = 0; i < n; ++i) above |= cells[i] > threshold;
    return above != 0;
}

// For cells whose 4 neighbours all exist. NaN counts as lower than anything.
inline bool any_peak(const float* cells, int w, float threshold) {
    int peaks = 0;
    for (int i = 0; i < kBlock; ++i) {
        const float value = cells[i];
        const int beaten = (cells[i - 1] >= value ? 1 : 0) | (cells[i - w] >= value ? 1 : 0) |
                           (cells[i + 1] > value ? 1 : 0) | (cells[i + w] > value ? 1 : 0);
        peaks |= (value > threshold ? 1 : 0) & (beaten ^ 1);
    }
    return peaks != 0;
}

struct Top {
    double offset, rise;
};

inline double log_of(float value) { return std::log(std::max(static_cast<double>(value), kLowest)); }

// Top of the Gaussian through three cells. A missing or NaN neighbour is not finite and leaves the peak in its cell.
inline Top gaussian_top(float before, float value, double log_value, float after) {
    if (!std::isfinite(before) || !std::isfinite(value) || !std::isfinite(after)) return {0, 0};
    const double log_before = log_of(before), log_after = log_of(after);
    const double slope = 0.5 * (log_after - log_before);
    const double curve = 2 * log_value - log_before - log_after;
    if (!(curve > 0)) return {0, 0};
    const double offset = slope / curve;
    return {offset, 0.5 * slope * offset};
}

}  // namespace

void Grouper::find_peaks(const Maps& heatmaps) {
    peaks_.clear();
    first_peak_.assign(1, 0);
    const int h = heatmaps.height, w = heatmaps.width;
    const float missing = -INFINITY, threshold = options_.peak_threshold;
    const double stride = heatmaps.stride;
    for (int k = 0; k < n_keypoints_; ++k) {
        const std::size_t first = peaks_.size();
        for (int row = 0; row < h; ++row) {
            const float* cells = heatmaps.channel(k) + static_cast<std::size_t>(row) * w;
            auto examine = [&](int column) {
                const float value = cells[column];
                if (!(value > threshold)) return;
                const float left = column > 0 ? cells[column - 1] : missing;
                const float right = column < w - 1 ? cells[column + 1] : missing;
                if (left >= value || right > value) return;
                const float above = row > 0 ? cells[column - w] : missing;
                const float below = row < h - 1 ? cells[column + w] : missing;
                if (above >= value || below > value) return;
                const double log_value = log_of(value);
                const Top x = gaussian_top(left, value, log_value, right);
                const Top y = gaussian_top(above, value, log_value, below);
                peaks_.push_back({k, static_cast<float>((column + 0.5 + x.offset) * stride - 0.5),
                                  static_cast<float>((row + 0.5 + y.offset) * stride - 0.5),
                                  static_cast<float>(std::min(value * std::exp(x.rise + y.rise), 1.0))});
            };
            if (!any_above(cells, w, threshold)) continue;
            int column = 0;
            if (row > 0 && row < h - 1)
                for (examine(column++); column + kBlock < w; column += kBlock)
                    if (any_peak(cells + column, w, threshold))
                        for (int i = 0; i < kBlock; ++i) examine(column + i);
            for (; column < w; ++column) examine(column);
        }
        keep_strongest(first);
        first_peak_.push_back(static_cast<int>(peaks_.size()));
    }
}

// Of the peaks from `first` on (one keypoint's) keeps the max_peaks strongest, in reading order.
void Grouper::keep_strongest(std::size_t first) {
    const std::size_t n = peaks_.size() - first, limit = static_cast<std::size_t>(options_.max_peaks);
    if (n <= limit) return;
    order_.resize(n);
    for (std::size_t i = 0; i < n; ++i) order_[i] = static_cast<int>(first + i);
    std::sort(order_.begin(), order_.end(), [&](int a, int b) {
        return peaks_[a].score != peaks_[b].score ? peaks_[a].score > peaks_[b].score : a < b;
    });
    std::sort(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(limit));
    for (std::size_t i = 0; i < limit; ++i) peaks_[first + i] = peaks_[order_[i]];
    peaks_.resize(first + limit);
}

}  // namespace edgepose
