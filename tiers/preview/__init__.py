"""What a version of the tier rules would do: judged, replayed and summed up before anything happens."""
