"""The page of `edgepose view`: what cameras see as skeletons, incidents to answer, zones to draw.

looking    where scenes come from: the running service, or a run or recording of one's own
traces     where people were
zone_file  zones that were drawn, as TOML
guard      who may ask
server     HTTP on the standard library, and the page's files
"""
