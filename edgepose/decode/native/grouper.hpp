// Grouping without Python: pointers and sizes in, people out. The steps, their names and their order are those of the
// NumPy reference (../reference.py), which is the place to read what each of them means.
#pragma once

#include <cstdint>
#include <vector>

namespace edgepose {

// channels x height x width floats, C-contiguous; cell g lies at input pixel (g + 0.5) * stride - 0.5.
struct Maps {
    const float* data;
    int channels, height, width;
    double stride;

    const float* channel(int c) const { return data + static_cast<std::size_t>(c) * height * width; }
};

struct Options {
    float peak_threshold;
    int max_peaks;
    float sample_threshold;
    int max_misses;  // samples of a limb that may fail
    float reach;
    int min_keypoints;
    double min_score;
};

struct Peak {
    int keypoint;
    float x, y;  // input pixels
    float score;
};

struct Connection {
    float score;
    int limb, start, end;  // peak indices
};

// Scratch for the lines from one start to every possible end: at most kMaxPeaks of each keypoint.
constexpr int kMaxPeaks = 1024;
struct Pairs {
    float dx[kMaxPeaks], dy[kMaxPeaks], length[kMaxPeaks], field_x[kMaxPeaks], field_y[kMaxPeaks];
    int cell[kMaxPeaks], missed[kMaxPeaks];
};

struct Joint {
    int keypoint;
    float x, y;
};

struct Candidate {
    double spread;
    int core, other;  // fragment indices
};

struct Person {
    double score;
    int fragment;
};

// Groups frame after frame; all working memory is kept, so that a frame allocates only when it is fuller than any
// before it. Not for two threads at once.
class Grouper {
public:
    // limbs: n_limbs x 4 (start keypoint, end keypoint, x channel, y channel). reach: K x K statures.
    Grouper(int n_keypoints, std::vector<int32_t> limbs, std::vector<float> reach, const Options& options);

    // Finds the people; returns how many. heatmaps: at least K channels. pafs: every channel that a limb names.
    int group(const Maps& heatmaps, const Maps& pafs);

    // Writes the people found by the last `group`, best first. keypoints: n x K x 3 (x, y, score). scores: n.
    void write(float* keypoints, float* scores) const;

    int n_keypoints() const { return n_keypoints_; }

    // Channels that pafs must have: one more than the largest that a limb names.
    int n_channels() const { return n_channels_; }

private:
    void find_peaks(const Maps& heatmaps);
    void keep_strongest(std::size_t first);
    void score_limbs(const Maps& pafs);
    void assemble();
    void join(int into, int gone);
    void bridge();
    void collect_people();

    int* slots(int fragment) { return slots_.data() + static_cast<std::size_t>(fragment) * n_keypoints_; }
    const int* slots(int fragment) const { return slots_.data() + static_cast<std::size_t>(fragment) * n_keypoints_; }
    int gather(int fragment, Joint* joints) const;
    float widest2(const Joint* first, int n_first, const Joint* second, int n_second, float enough) const;
    float stature2(const Joint* joints, int n) const;
    double spread2(const Joint* first, int n_first, const Joint* second, int n_second, double stature2,
                   double limit2) const;

    int n_keypoints_, n_channels_ = 0;
    std::vector<int32_t> limbs_;
    std::vector<float> reach_, rate_;  // rate = 1 / reach^2
    Options options_;

    std::vector<Peak> peaks_;
    std::vector<int> first_peak_;         // K + 1 offsets into peaks_
    std::vector<float> cell_x_, cell_y_;  // every peak in cells of the PAFs
    Pairs pairs_;
    std::vector<Connection> connections_;
    std::vector<int> order_;
    std::vector<uint64_t> keys_;

    // Fragments: a row of K peak indices (-1 = none) each; the fragment of a peak; what it has been joined into.
    std::vector<int> slots_, fragment_of_, n_found_, now_in_;
    std::vector<double> limb_score_;
    std::vector<float> stature2_;
    std::vector<uint8_t> taken_;  // per limb and peak: already has a limb of this kind
    std::vector<Candidate> candidates_;
    std::vector<int> alive_, cores_;  // fragments; indices into alive_
    std::vector<Joint> joints_;       // of every fragment alive, then room for two
    std::vector<int> first_joint_;    // offsets into joints_
    std::vector<Person> people_;
};

}  // namespace edgepose
