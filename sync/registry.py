"""Resources: what an app lets in and out through every way of the data platform."""

from common.registry import Registry

resources: Registry = Registry("sync resource", "resources")  # type: ignore[type-arg]
