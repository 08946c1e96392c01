// The one file that knows Python: arrays in, arrays out, and the GIL released around the work. Whatever Python hands in
// is checked here against what the core relies on, so that no call can end the process.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

#include "grouper.hpp"

namespace py = pybind11;
using FloatArray = py::array_t<float, py::array::c_style>;

namespace {

// Bounds within which every pixel and every squared distance is a finite float and every cell number an int;
// edgepose.decode.check refuses the same in words.
constexpr py::ssize_t kMaxSide = 16384;
constexpr double kMinStride = 1.0 / 64, kMaxStride = 4096;
constexpr int kMaxKeypoints = 256, kMaxChannels = 65536;
constexpr float kMaxReach = 1000;

// A grouper that two threads may share: they take turns.
struct SharedGrouper {
    edgepose::Grouper grouper;
    std::mutex busy;
};

// Words are put together only where they are needed: this runs with every frame.
void require(bool holds, const char* what, const char* wanted) {
    if (!holds) throw std::invalid_argument(std::string(what) + wanted);
}

edgepose::Options checked_options(float peak_threshold, int max_peaks, float sample_threshold, int max_misses,
                                  float reach, int min_keypoints, double min_score) {
    require(peak_threshold >= 0 && peak_threshold <= 1, "peak_threshold", " must be 0 to 1");
    require(max_peaks >= 1 && max_peaks <= edgepose::kMaxPeaks, "max_peaks", " must be 1 to 1024");
    require(std::isfinite(sample_threshold) && std::isfinite(min_score), "thresholds", " must be finite");
    require(reach >= 0 && reach <= kMaxReach, "reach", " must be 0 to 1000");
    return {peak_threshold, max_peaks, sample_threshold, max_misses, reach, min_keypoints, min_score};
}

std::unique_ptr<SharedGrouper> checked_grouper(int n_keypoints, std::vector<int32_t> limbs, std::vector<float> reach,
                                               const edgepose::Options& options) {
    require(n_keypoints >= 1 && n_keypoints <= kMaxKeypoints, "n_keypoints", " must be 1 to 256");
    require(limbs.size() % 4 == 0, "limbs", " must be rows of start, end, x channel and y channel");
    for (std::size_t i = 0; i < limbs.size(); ++i)
        require(limbs[i] >= 0 && limbs[i] < (i % 4 > 1 ? kMaxChannels : n_keypoints), "limbs", " must name keypoints and channels");
    require(reach.size() == static_cast<std::size_t>(n_keypoints) * n_keypoints, "reach", " must be K x K numbers");
    for (float length : reach) require(length >= 0, "reach", " must not be negative or NaN");
    edgepose::Grouper grouper(n_keypoints, std::move(limbs), std::move(reach), options);
    return std::unique_ptr<SharedGrouper>(new SharedGrouper{std::move(grouper), {}});
}

edgepose::Maps checked_maps(const FloatArray& array, double stride, int n_channels, const char* name) {
    require(array.ndim() == 3, name, " must be (channels, h, w)");
    for (int axis = 1; axis < 3; ++axis)
        require(array.shape(axis) >= 1 && array.shape(axis) <= kMaxSide, name, " must be 1 to 16384 cells a side");
    require(array.shape(0) >= n_channels, name, " lack channels");
    require(stride >= kMinStride && stride <= kMaxStride, name, ": the stride must be 1/64 to 4096 pixels");
    require(reinterpret_cast<std::uintptr_t>(array.data()) % alignof(float) == 0, name, " must be aligned");
    return {array.data(), static_cast<int>(array.shape(0)), static_cast<int>(array.shape(1)),
            static_cast<int>(array.shape(2)), stride};
}

// -> (keypoints float32 (N, K, 3), scores float32 (N,)); ValueError for what breaks the bounds above.
py::tuple group(SharedGrouper& shared, const FloatArray& heatmaps, const FloatArray& pafs, double heatmap_stride,
                double paf_stride) {
    const edgepose::Grouper& known = shared.grouper;
    const edgepose::Maps heat = checked_maps(heatmaps, heatmap_stride, known.n_keypoints(), "heatmaps");
    const edgepose::Maps paf = checked_maps(pafs, paf_stride, known.n_channels(), "pafs");
    std::unique_lock<std::mutex> turn(shared.busy, std::defer_lock);
    py::ssize_t n_people;
    {
        py::gil_scoped_release release;
        turn.lock();
        n_people = shared.grouper.group(heat, paf);
    }
    FloatArray keypoints({n_people, static_cast<py::ssize_t>(shared.grouper.n_keypoints()), static_cast<py::ssize_t>(3)});
    FloatArray scores(n_people);
    shared.grouper.write(keypoints.mutable_data(), scores.mutable_data());
    return py::make_tuple(keypoints, scores);
}

}  // namespace

PYBIND11_MODULE(_native, module) {
    module.doc() = "The native core of grouping; edgepose.decode.Grouper is its face.";
    py::class_<edgepose::Options>(module, "Options")
        .def(py::init(&checked_options), py::arg("peak_threshold"), py::arg("max_peaks"), py::arg("sample_threshold"),
             py::arg("max_misses"), py::arg("reach"), py::arg("min_keypoints"), py::arg("min_score"));
    py::class_<SharedGrouper>(module, "Grouper")
        .def(py::init(&checked_grouper), py::arg("n_keypoints"), py::arg("limbs"), py::arg("reach"), py::arg("options"))
        .def("group", &group, py::arg("heatmaps").noconvert(), py::arg("pafs").noconvert(), py::arg("heatmap_stride"),
             py::arg("paf_stride"));
}
