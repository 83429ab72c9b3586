"""The pages on connections to systems that are pulled from."""
