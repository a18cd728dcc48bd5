"""`make bench-engine`: the engine beside llama.cpp, onnxruntime and the memory's bandwidth."""
