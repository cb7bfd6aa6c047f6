"""Write, run and read OpenVINO files."""
