"""EdgePose inside another program, which has frames of its own: no threads, no broker.

.venv/bin/python examples/embed.py people.avi
"""

import sys

import cv2

import edgepose

video = cv2.VideoCapture(sys.argv[1])
analyser = edgepose.Analyser()
number = 0
while True:
    there, image = video.read()
    if not there:
        break
    result = analyser.update(image, t=number / video.get(cv2.CAP_PROP_FPS))
    for event in result.events:
        print(f"{event.t:6.1f} s  person {event.track_id}: {event.kind} {event.stage}")
    number += 1
    if number == 100:
        cv2.imwrite("people.jpg", edgepose.draw(image, result))
analyser.close()
