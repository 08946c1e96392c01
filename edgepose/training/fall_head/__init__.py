"""The learned opinion on falls: generated people and labelled recordings become windows, a small network, a file.

`research/fall_head.py` joins these steps and judges the result.
"""
