"""Power: by formula and by simulation, and the size that a power needs."""
