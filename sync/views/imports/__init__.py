"""Files on their way in: upload, columns, dry run, import, report, undo."""
