// Step 2: how well the part affinity fields support each pair of peaks as a limb.
#include <algorithm>
#include <cmath>

#include "grouper.hpp"

namespace edgepose {
namespace {

constexpr int kSamples = 10;
// The middle first: a wrong pair mostly shows there, so that few samples are read of it.
constexpr int kOrder[kSamples] = {5, 3, 7, 1, 8, 4, 6, 2, 9, 0};

struct Field {
    const float *x, *y;
    int height, width;
};

// A limb's line in cells of the field. Both ends lie within the map, so every point between them does.
struct Line {
    float x, y, dx, dy, length;

    float at_x(int i) const { return x + static_cast<float>(i / double(kSamples - 1)) * dx; }
    float at_y(int i) const { return y + static_cast<float>(i / double(kSamples - 1)) * dy; }
    float dot(float ax, float ay) const { return ax * dx + ay * dy; }
};

bool is_supported(const Field& field, const Line& line, float threshold, int max_misses) {
    const float needed = threshold * line.length;
    int missed = 0;
    for (int i : kOrder) {
        const int cell = static_cast<int>(line.at_y(i) + 0.5f) * field.width + static_cast<int>(line.at_x(i) + 0.5f);
        if (!(line.dot(field.x[cell], field.y[cell]) > needed) && ++missed > max_misses) return false;
    }
    return true;
}

float mean_along(const Field& field, const Line& line) {
    float total = 0;
    for (int i = 0; i < kSamples; ++i) {
        const float px = line.at_x(i), py = line.at_y(i);
        const int x0 = static_cast<int>(px), y0 = static_cast<int>(py);
        const int x1 = std::min(x0 + 1, field.width - 1), y1 = std::min(y0 + 1, field.height - 1);
        const float fx = px - static_cast<float>(x0), fy = py - static_cast<float>(y0);
        auto between = [&](const float* map) {
            const float *row0 = map + y0 * field.width, *row1 = map + y1 * field.width;
            const float top = row0[x0] + fx * (row0[x1] - row0[x0]);
            const float bottom = row1[x0] + fx * (row1[x1] - row1[x0]);
            return top + fy * (bottom - top);
        };
        const float along = line.dot(between(field.x), between(field.y)) / line.length;
        total += along > 0 ? std::min(along, 1.0f) : 0.0f;
    }
    return total / static_cast<float>(kSamples);
}

float to_cell(float pixel, float stride, int size) {
    return std::min(std::max((pixel + 0.5f) / stride - 0.5f, 0.0f), static_cast<float>(size - 1));
}

}  // namespace

void Grouper::score_limbs(const Maps& pafs) {
    const float stride = static_cast<float>(pafs.stride);
    cells_.resize(2 * peaks_.size());
    for (std::size_t i = 0; i < peaks_.size(); ++i) {
        cells_[2 * i] = to_cell(peaks_[i].x, stride, pafs.width);
        cells_[2 * i + 1] = to_cell(peaks_[i].y, stride, pafs.height);
    }
    connections_.clear();
    const int n_limbs = static_cast<int>(limbs_.size() / 4);
    for (int limb = 0; limb < n_limbs; ++limb) {
        const int32_t* row = &limbs_[4 * static_cast<std::size_t>(limb)];
        const Field field{pafs.channel(row[2]), pafs.channel(row[3]), pafs.height, pafs.width};
        for (int start = first_peak_[row[0]]; start < first_peak_[row[0] + 1]; ++start) {
            const float x = cells_[2 * start], y = cells_[2 * start + 1];
            for (int end = first_peak_[row[1]]; end < first_peak_[row[1] + 1]; ++end) {
                const float dx = cells_[2 * end] - x, dy = cells_[2 * end + 1] - y;
                const Line line{x, y, dx, dy, std::sqrt(dx * dx + dy * dy)};
                if (is_supported(field, line, options_.sample_threshold, options_.max_misses) && line.length > 0)
                    connections_.push_back({mean_along(field, line), limb, start, end});
            }
        }
    }
}

}  // namespace edgepose
