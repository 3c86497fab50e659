"""The steps by which a film is made anew: read, judged, decoded, turned upright, encoded, checked."""
