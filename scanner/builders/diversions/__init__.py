"""What copies the calls of the stack and the models, or may answer in their stead: mirrors, patches, taps."""
