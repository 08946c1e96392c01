"""People of labelled pictures in places where nobody is, at any angle: what a room's camera sees.

`python -m research.pasted OUT --people SET.json... --rooms SET.json... --heavy pose_landmark_heavy.tflite` cuts people
out by BlazePose's mask, turns, shortens, recolours and lights them anew, puts things before them, and writes a
COCO-style set as research/rendered does. Needs ai-edge-litert beside edgepose.
"""
