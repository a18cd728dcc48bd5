"""The kernels of chat models on a processor: one library an instruction set, for every model."""
