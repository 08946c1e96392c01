// Runs the native core without Python on cases written by write_cases.py, and compares with what the NumPy reference
// said. Exit 0 when all agree. This is how the core is tested on an architecture for which no Python is at hand.
#include <cmath>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "grouper.hpp"

namespace {

template <typename T>
std::vector<T> read(std::ifstream& file, std::size_t n) {
    std::vector<T> values(n);
    file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(n * sizeof(T)));
    return values;
}

bool same(float a, float b, float tolerance) {
    return (std::isnan(a) && std::isnan(b)) || std::fabs(a - b) <= tolerance;
}

bool check(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    // K, L, heatmap channels, h, w, PAF channels, h', w', max_peaks, max_misses, min_keypoints, expected people
    const auto n = read<int32_t>(file, 12);
    // heatmap stride, PAF stride, peak threshold, sample threshold, reach, min_score
    const auto numbers = read<double>(file, 6);
    const auto limbs = read<int32_t>(file, 4 * n[1]);
    const auto reach = read<float>(file, n[0] * n[0]);
    const auto heatmaps = read<float>(file, static_cast<std::size_t>(n[2]) * n[3] * n[4]);
    const auto pafs = read<float>(file, static_cast<std::size_t>(n[5]) * n[6] * n[7]);
    const auto expected = read<float>(file, static_cast<std::size_t>(n[11]) * n[0] * 3);
    const auto expected_scores = read<float>(file, n[11]);
    if (!file) {
        std::printf("%s: cut short\n", path.c_str());
        return false;
    }
    const edgepose::Options options{static_cast<float>(numbers[2]), n[8],  static_cast<float>(numbers[3]), n[9],
                                    static_cast<float>(numbers[4]), n[10], numbers[5]};
    edgepose::Grouper grouper(n[0], limbs, reach, options);
    const int n_people =
        grouper.group({heatmaps.data(), n[2], n[3], n[4], numbers[0]}, {pafs.data(), n[5], n[6], n[7], numbers[1]});
    if (n_people != n[11]) {
        std::printf("%s: %d people, expected %d\n", path.c_str(), n_people, n[11]);
        return false;
    }
    std::vector<float> keypoints(expected.size()), scores(expected_scores.size());
    grouper.write(keypoints.data(), scores.data());
    bool equal = true;
    for (std::size_t i = 0; i < expected.size(); ++i) equal &= same(keypoints[i], expected[i], 1e-4f);
    for (std::size_t i = 0; i < scores.size(); ++i) equal &= same(scores[i], expected_scores[i], 1e-6f);
    if (!equal) std::printf("%s: the people differ\n", path.c_str());
    return equal;
}

}  // namespace

int main(int argc, char** argv) {
    int n_failed = 0;
    for (int i = 1; i < argc; ++i) n_failed += check(argv[i]) ? 0 : 1;
    std::printf("%d cases, %d failed\n", argc - 1, n_failed);
    return n_failed == 0 && argc > 1 ? 0 : 1;
}
