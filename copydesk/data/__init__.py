"""The word lists, rules and statistics that ship with copydesk, and their loaders."""
