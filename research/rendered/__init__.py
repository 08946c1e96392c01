"""People rendered in generated rooms, with known keypoints: a COCO-style set that repeats from its seed.

    python -m research.rendered OUT --clothes DIR [--pictures 300] [--seed 1]

The way of a picture:

    body (a person's shape) -> garments, look (clothes, hair, skin) -> poses (a pose within joint limits)
    -> settle (gravity and contact with floor and seat) -> scene (room, furniture, several people, camera, light)
    -> draw (OpenGL: colours, depth, whose pixel) -> visibility -> sensor (noise, blur, infrared) -> annotate -> write

Needs anny, moderngl and roma beside edgepose: pip install anny moderngl roma trimesh safetensors, and an EGL library
(Debian: libegl1 libgl1-mesa-dri). Nothing needs a graphics card. Bodies: MakeHuman's data, CC0, through anny
(Apache-2.0); clothes and hair: makehuman-assets, CC0. Lengths are metres, z is up, a person at rest faces -y.
"""
