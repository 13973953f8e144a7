"""Reads the body of a request within its size and its time; what is too much is refused while it arrives."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

from hrc_graph.errors import BadRequest, BatchTooLarge, SlowRequest


async def read(request: Request, most: int, seconds: float) -> bytes:
    """The whole body. Raises `BatchTooLarge` past so many bytes, `SlowRequest` after so long, or `BadRequest`."""
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.stream():
                body += piece
                if len(body) > most:
                    raise BatchTooLarge(
                        f"The request body has more than {most:,} bytes.", "Send less at a time.", setting="body_bytes"
                    )
    except TimeoutError:
        raise SlowRequest(f"The body did not arrive within {seconds:g} seconds.", "Send it again.") from None
    except ClientDisconnect:
        raise BadRequest("The body did not arrive.", "Send it again.") from None
    return bytes(body)
