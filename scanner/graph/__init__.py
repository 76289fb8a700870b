"""The graph that every verdict rests on; it knows no file format and no cloud."""
