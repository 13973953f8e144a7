"""The HTTP side: routes and pages only; every answer is made below."""
