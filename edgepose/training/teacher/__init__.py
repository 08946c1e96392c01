"""The fused teacher: several networks of others look at a picture, and what they agree on labels it.

    detect   people of the whole picture, by two networks, at two scales and four turns
    read     keypoints of one person's crop, by two or three networks
    judge    scores into chances, guesses into one answer, somebody or nobody
    sight    what comes out: people, doubtful regions, refused regions
    cache    kept on disk by what went in
    labels   a folder's sights as one file by the pictures' hashes; a COCO-style set out of it

`python -m edgepose.training.teacher --help` runs it. None of these networks ships; ours learn from the labels.
"""
