"""Nights on a schedule: `copydesk serve`, its Prefect server, missed nights, and the messages of a night."""
