"""Whole small files of every kind that may be attached."""

from __future__ import annotations

import io
import random
import struct
import wave
import zipfile
import zlib

from django.core.files.uploadedfile import SimpleUploadedFile

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\nxref\n0 1\ntrailer<<>>\nstartxref\n9\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xda\x00\x02\x00\xff\xd9"


def pdf(name: str = "资产证明.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, PDF, content_type="application/pdf")


def png() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def wav(seconds: int = 3, rate: int = 8000) -> bytes:
    held = io.BytesIO()
    with wave.open(held, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(rate)
        sound.writeframes(b"\x80" * rate * seconds)
    return held.getvalue()


def mp3(frames: int = 100, *, title: bytes = b"") -> bytes:
    """Frames of 128 kbit/s at 44.1 kHz, 26 ms each."""
    head = b"ID3\x03\x00\x00" + struct.pack(">I", len(title)) + title if title else b""
    return head + (b"\xff\xfb\x90\x00" + b"\x00" * 413) * frames


def m4a(seconds: int = 7, *, handler: bytes = b"soun") -> bytes:
    def box(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", len(body) + 8, name) + body

    head = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 1000, seconds * 1000))
    track = box(b"trak", box(b"mdia", box(b"hdlr", b"\0" * 8 + handler)))
    return box(b"ftyp", b"M4A \0\0\0\0") + box(b"moov", head + track) + box(b"mdat", b"\0" * 20)


def amr(frames: int = 100) -> bytes:
    """Frames of 12.2 kbit/s, 20 ms each."""
    return b"#!AMR\n" + (b"\x3c" + b"\0" * 31) * frames


def office(kind: str = "docx", *, extra: dict[str, bytes] | None = None, without: str = "") -> bytes:
    part, word = {
        "docx": ("word/document.xml", "wordprocessingml.document.main+xml"),
        "xlsx": ("xl/workbook.xml", "spreadsheetml.sheet.main+xml"),
    }[kind]
    parts = {
        "[Content_Types].xml": f'<Types><Override PartName="/{part}" ContentType="{word}"/></Types>'.encode(),
        part: b"<x/>",
        **(extra or {}),
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as book:
        for name, body in parts.items():
            if name != without:
                book.writestr(name, body)
    return held.getvalue()


def damaged(part: str, packed: int, beside: dict[str, bytes] | None = None) -> bytes:
    """A ZIP archive whose table of contents is whole and one of whose parts is not."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", packed) as archive:
        for name, body in (beside or {}).items():
            archive.writestr(name, body)
        archive.writestr(part, random.Random(1).randbytes(300) * 30)
        entry = archive.getinfo(part)
    start = entry.header_offset + 30 + len(part)
    raw = bytearray(held.getvalue())
    for at in range(start, start + entry.compress_size):
        raw[at] ^= 0x5A
    return bytes(raw)
