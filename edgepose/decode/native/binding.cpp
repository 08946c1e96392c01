// The one file that knows Python: arrays in, arrays out, and the GIL released around the work.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <mutex>

#include "grouper.hpp"

namespace py = pybind11;
using FloatArray = py::array_t<float, py::array::c_style>;

namespace {

// A grouper that two threads may share: they take turns.
struct SharedGrouper {
    edgepose::Grouper grouper;
    std::mutex busy;
};

edgepose::Maps maps_of(const FloatArray& array, double stride) {
    return {array.data(), static_cast<int>(array.shape(0)), static_cast<int>(array.shape(1)),
            static_cast<int>(array.shape(2)), stride};
}

// -> (keypoints float32 (N, K, 3), scores float32 (N,)). The arrays' shapes were checked by edgepose.decode.check.
py::tuple group(SharedGrouper& shared, const FloatArray& heatmaps, const FloatArray& pafs, double heatmap_stride,
                double paf_stride) {
    const edgepose::Maps heat = maps_of(heatmaps, heatmap_stride), paf = maps_of(pafs, paf_stride);
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
        .def(py::init<float, int, float, int, float, int, double>(), py::arg("peak_threshold"), py::arg("max_peaks"),
             py::arg("sample_threshold"), py::arg("max_misses"), py::arg("reach"), py::arg("min_keypoints"),
             py::arg("min_score"));
    py::class_<SharedGrouper>(module, "Grouper")
        .def(py::init([](int n_keypoints, std::vector<int32_t> limbs, std::vector<float> reach,
                         const edgepose::Options& options) {
                 edgepose::Grouper grouper(n_keypoints, std::move(limbs), std::move(reach), options);
                 return std::unique_ptr<SharedGrouper>(new SharedGrouper{std::move(grouper), {}});
             }),
             py::arg("n_keypoints"), py::arg("limbs"), py::arg("reach"), py::arg("options"))
        .def("group", &group, py::arg("heatmaps").noconvert(), py::arg("pafs").noconvert(), py::arg("heatmap_stride"),
             py::arg("paf_stride"));
}
