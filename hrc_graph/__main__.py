"""`python -m hrc_graph` is `hrc`."""

from hrc_graph.cli import app

app(prog_name="hrc")
