"""The VST3 folder holds a library that exports what the VST3 documentation asks for, and its factory is there."""

import ctypes
import platform
import sys
from pathlib import Path

ENTRIES = {"Linux": ("ModuleEntry", "ModuleExit"), "Darwin": ("bundleEntry", "bundleExit"), "Windows": ("InitDll", "ExitDll")}


def library_in(bundle: Path) -> Path:
    files = [file for file in (bundle / "Contents").rglob("*") if file.is_file() and file.stem == "Segue"]
    assert len(files) == 1, f"{bundle}: one library is expected, not {files}"
    return files[0]


bundle = Path(sys.argv[1])
library = ctypes.CDLL(str(library_in(bundle)))
for name in ("GetPluginFactory", *ENTRIES[platform.system()]):
    assert hasattr(library, name), f"{bundle}: exports no {name}"
library.GetPluginFactory.restype = ctypes.c_void_p
assert library.GetPluginFactory(), f"{bundle}: has no factory"
