"""What a reader may take and give. Every number is an upper bound that the door checks.

Sizes are in bytes where they say so and in Unicode code points where they speak of text.
"""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class ReaderLimits:
    """document_bytes: the file. memory_bytes: address space of one reader process.
    cpu_seconds and wall_seconds: one document or one rendered page. start_seconds: until a reader
    process is up. The rest bounds what comes back.
    """

    document_bytes: int = 200 * MEBIBYTE
    memory_bytes: int = 1536 * MEBIBYTE
    cpu_seconds: int = 90
    wall_seconds: float = 120.0
    start_seconds: float = 30.0
    pages: int = 5_000
    page_characters: int = 200_000
    total_characters: int = 40_000_000
    passages: int = 100_000
    blocks_of_page: int = 20_000
    page_points: float = 20_000.0
    pixels: int = 24_000_000
    frame_bytes: int = 80 * MEBIBYTE
    name_characters: int = 300
    workers: int = 2
    documents_per_template: int = 500
    lost_pages: int = 3


def always() -> None:
    """The `go_on` of work that nobody stops: it goes on to its end."""
