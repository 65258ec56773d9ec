"""The aims for speed and memory, measured: whole nights beside a plain script, growth, and single articles."""
