"""Files: read, judged by whole columns, mapped, tried out, imported block by block, reported."""
