"""duologue: a self-hosted server for spoken conversation, on the vendors' own wires.

The packages stand in one order and import only what stands before them (see `docs/design.md`):
audio, runtime, listen | speak | think, agent, protocols, auth | usage | console, server, bridge, scale, sim, cli.
"""

from importlib.metadata import version

__version__ = version("duologue")
