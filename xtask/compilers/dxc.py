"""`python3 dxc.py LIBRARY FILE.json`: DXC, Direct3D 12's compiler, makes DXIL of every text of a list of {name, precision, text} in HLSL.

LIBRARY is libdxcompiler of version 1.6 for Linux, as PyPI's `compushady` brings it. Its interfaces are COM's: a table of functions each, of which the
first five are IUnknown's and two destructors.
"""

import ctypes
import json
import sys
import uuid

ENTRY, PROFILE = "main", "cs_6_2"
# Names and numbers of dxcapi.h.
LIBRARY = "6245d6af-66e0-48fd-80b4-4d271796748c", "e5204dc7-d18c-4c3c-bdfb-851673980fe7"
COMPILER = "73e22d93-e6ce-47f3-b5bf-f0664f39c1b0", "8c210bf3-011f-4422-8d70-6f9acb8db617"
UTF8 = 65001
RELEASE = 2
CREATE_BLOB_ON_HEAP, COMPILE = 9, 5
STATUS, RESULT, ERRORS = 5, 6, 7
POINTER, SIZE = 5, 6

Handle = ctypes.c_void_p


def call(this, index, *arguments, returns=ctypes.c_int32):
    table = ctypes.cast(this, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p)))[0]
    kinds = [type(a) if isinstance(a, ctypes._SimpleCData) else Handle for a in arguments]
    return ctypes.CFUNCTYPE(returns, Handle, *kinds)(table[index])(this, *arguments)


def create(library, names):
    made = Handle()
    clsid, iid = ((ctypes.c_char * 16)(*uuid.UUID(name).bytes_le) for name in names)
    if library.DxcCreateInstance(clsid, iid, ctypes.byref(made)) != 0:
        raise SystemExit("error: the library makes no compiler")
    return made


def text(blob):
    size = call(blob, SIZE, returns=ctypes.c_size_t)
    return ctypes.string_at(call(blob, POINTER, returns=Handle), size)


def compile_text(maker, compiler, source, arguments):
    """What the compiler complains of, and bytes of DXIL."""
    blob, result, status, out = Handle(), Handle(), ctypes.c_int32(), Handle()
    data = source.encode()
    call(maker, CREATE_BLOB_ON_HEAP, ctypes.cast(data, Handle), ctypes.c_uint32(len(data)), ctypes.c_uint32(UTF8), ctypes.cast(ctypes.byref(blob), Handle))
    flags = (ctypes.c_wchar_p * len(arguments))(*arguments)
    wide = lambda word: ctypes.cast(ctypes.c_wchar_p(word), Handle)
    made = call(compiler, COMPILE, blob, wide("kernel.hlsl"), wide(ENTRY), wide(PROFILE), ctypes.cast(flags, Handle), ctypes.c_uint32(len(arguments)),
                Handle(), ctypes.c_uint32(0), Handle(), ctypes.cast(ctypes.byref(result), Handle))
    if made != 0:
        return f"0x{made & 0xffffffff:08x}", 0
    call(result, STATUS, ctypes.cast(ctypes.byref(status), Handle))
    failed = status.value != 0
    call(result, ERRORS if failed else RESULT, ctypes.cast(ctypes.byref(out), Handle))
    told = text(out) if out else b""
    for used in (out, result, blob):
        if used:
            call(used, RELEASE, returns=ctypes.c_uint32)
    return (told.decode(errors="replace") or "no reason", 0) if failed else ("", len(told))


def main():
    library = ctypes.CDLL(sys.argv[1])
    maker, compiler = create(library, LIBRARY), create(library, COMPILER)
    texts = json.load(open(sys.argv[2], encoding="utf-8"))
    refused, least = 0, None
    for one in texts:
        arguments = ["-enable-16bit-types"] if one["precision"] == "f16" else []
        why, size = compile_text(maker, compiler, one["text"], arguments)
        if why:
            refused += 1
            print(f"{one['name']} in {one['precision']}: {why.strip()}")
        else:
            least = size if least is None else min(least, size)
    print(f"{len(texts)} texts, {refused} refused; DXIL of {least} bytes at least")
    sys.exit(refused > 0)


main()
