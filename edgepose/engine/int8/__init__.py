"""INT8 from pictures: measure ranges, choose them, write Q/DQ and calibration cache, compare with FP32, report."""
