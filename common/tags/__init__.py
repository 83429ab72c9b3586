"""The template tags of every page, by kind; ``common.templatetags.abe`` is the library of them all."""
