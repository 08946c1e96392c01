// Step 2: how well the part affinity fields support each pair of peaks as a limb.
#include <algorithm>
#include <cmath>

#include "grouper.hpp"

namespace edgepose {
namespace {

constexpr int kSamples = 10;
// The middle first: a wrong pair mostly shows there, so that few samples are read of it.
constexpr int kOrder[kSamples] = {5, 3, 7, 1, 8, 4, 6, 2, 9, 0};
constexpr int kFirst = 3;  // samples read of every pair

struct Steps {
    float at[kSamples];
    constexpr Steps() : at{} {
        for (int i = 0; i < kSamples; ++i) at[i] = static_cast<float>(i / double(kSamples - 1));
    }
};
constexpr Steps kSteps;

struct Field {
    const float *x, *y;
    int height, width;
};

// A limb's line in cells of the field. Both ends lie within the map, so every point between them does.
struct Line {
    float x, y, dx, dy, length;

    float at_x(int i) const { return x + kSteps.at[i] * dx; }
    float at_y(int i) const { return y + kSteps.at[i] * dy; }
    float dot(float ax, float ay) const { return ax * dx + ay * dy; }
};

inline int nearest_cell(float x, float y, int width) {
    return static_cast<int>(y + 0.5f) * width + static_cast<int>(x + 0.5f);
}

// The lines from (x, y) to every end and how many of their first samples fail. Short loops over plain arrays, which
// the compiler turns into vector code; only the reads of the field are one by one.
void miss_first(const Field& field, float x, float y, const float* end_x, const float* end_y, int n, float threshold,
                Pairs& pairs) {
    for (int e = 0; e < n; ++e) {
        const float dx = end_x[e] - x, dy = end_y[e] - y;
        pairs.dx[e] = dx;
        pairs.dy[e] = dy;
        pairs.length[e] = std::sqrt(dx * dx + dy * dy);
        pairs.missed[e] = 0;
    }
    for (int i = 0; i < kFirst; ++i) {
        const float step = kSteps.at[kOrder[i]];
        for (int e = 0; e < n; ++e)
            pairs.cell[e] = nearest_cell(x + step * pairs.dx[e], y + step * pairs.dy[e], field.width);
        for (int e = 0; e < n; ++e) {
            pairs.field_x[e] = field.x[pairs.cell[e]];
            pairs.field_y[e] = field.y[pairs.cell[e]];
        }
        for (int e = 0; e < n; ++e) {
            const float along = pairs.field_x[e] * pairs.dx[e] + pairs.field_y[e] * pairs.dy[e];
            pairs.missed[e] += along > threshold * pairs.length[e] ? 0 : 1;
        }
    }
}

// Whether a line that has `missed` so far is supported by its remaining samples.
bool is_supported(const Field& field, const Line& line, float threshold, int missed, int max_misses) {
    const float needed = threshold * line.length;
    for (int i = kFirst; i < kSamples && missed <= max_misses; ++i) {
        const int cell = nearest_cell(line.at_x(kOrder[i]), line.at_y(kOrder[i]), field.width);
        missed += line.dot(field.x[cell], field.y[cell]) > needed ? 0 : 1;
    }
    return missed <= max_misses;
}

// Mean of the field along a line, bilinear between the cells; what points backwards or is NaN counts as 0.
float mean_along(const Field& field, const Line& line) {
    int cell[kSamples], right[kSamples], down[kSamples];
    float fx[kSamples], fy[kSamples], along[kSamples];
    for (int i = 0; i < kSamples; ++i) {
        const float px = line.at_x(i), py = line.at_y(i);
        const int x0 = static_cast<int>(px), y0 = static_cast<int>(py);
        fx[i] = px - static_cast<float>(x0);
        fy[i] = py - static_cast<float>(y0);
        cell[i] = y0 * field.width + x0;
        right[i] = x0 + 1 < field.width ? 1 : 0;
        down[i] = y0 + 1 < field.height ? field.width : 0;
    }
    for (int i = 0; i < kSamples; ++i) {
        auto between = [&](const float* map) {
            const float *row0 = map + cell[i], *row1 = row0 + down[i];
            const float top = row0[0] + fx[i] * (row0[right[i]] - row0[0]);
            const float bottom = row1[0] + fx[i] * (row1[right[i]] - row1[0]);
            return top + fy[i] * (bottom - top);
        };
        along[i] = line.dot(between(field.x), between(field.y));
    }
    float total = 0;
    for (int i = 0; i < kSamples; ++i) {
        const float share = along[i] / line.length;
        total += share > 0 ? std::min(share, 1.0f) : 0.0f;
    }
    return total / static_cast<float>(kSamples);
}

float to_cell(float pixel, float stride, int size) {
    return std::min(std::max((pixel + 0.5f) / stride - 0.5f, 0.0f), static_cast<float>(size - 1));
}

}  // namespace

void Grouper::score_limbs(const Maps& pafs) {
    const float stride = static_cast<float>(pafs.stride);
    cell_x_.resize(peaks_.size());
    cell_y_.resize(peaks_.size());
    for (std::size_t i = 0; i < peaks_.size(); ++i) {
        cell_x_[i] = to_cell(peaks_[i].x, stride, pafs.width);
        cell_y_[i] = to_cell(peaks_[i].y, stride, pafs.height);
    }
    connections_.clear();
    const int n_limbs = static_cast<int>(limbs_.size() / 4), max_misses = options_.max_misses;
    const float threshold = options_.sample_threshold;
    for (int limb = 0; limb < n_limbs; ++limb) {
        const int32_t* row = &limbs_[4 * static_cast<std::size_t>(limb)];
        const Field field{pafs.channel(row[2]), pafs.channel(row[3]), pafs.height, pafs.width};
        const int first_end = first_peak_[row[1]], n_ends = first_peak_[row[1] + 1] - first_end;
        for (int start = first_peak_[row[0]]; start < first_peak_[row[0] + 1]; ++start) {
            const float x = cell_x_[start], y = cell_y_[start];
            miss_first(field, x, y, cell_x_.data() + first_end, cell_y_.data() + first_end, n_ends, threshold, pairs_);
            for (int e = 0; e < n_ends; ++e) {
                if (pairs_.missed[e] > max_misses) continue;
                const Line line{x, y, pairs_.dx[e], pairs_.dy[e], pairs_.length[e]};
                if (line.length > 0 && is_supported(field, line, threshold, pairs_.missed[e], max_misses))
                    connections_.push_back({mean_along(field, line), limb, start, first_end + e});
            }
        }
    }
}

}  // namespace edgepose
