"""FHIR packages: read whole, or refused with the place of what is wrong in them."""

import io
import os
import tarfile

import pytest

from conformance import package
from conformance.errors import AuthorError, OperatorError

ONE = b'{"resourceType":"CodeSystem","url":"urn:x"}'


def archive(path, entries, how="w:gz"):
    """A .tgz of (name or TarInfo, bytes)."""
    with tarfile.open(path, how) as made:
        for entry, content in entries:
            info = entry if isinstance(entry, tarfile.TarInfo) else tarfile.TarInfo(entry)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return path


def linked(name, kind, target):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_a_package_and_the_same_as_a_folder(tmp_path):
    files = [("package/package.json", b'{"name":"x"}'), ("package/.index.json", b"{}"), ("package/a.json", ONE),
             ("package/notes.txt", b"no JSON"), ("package/other.json", b'{"not":"FHIR"}'), ("package/list.json", b"[1]")]
    read = package.read(archive(tmp_path / "x.tgz", files)).resources
    assert read == [(f"{tmp_path / 'x.tgz'}!package/a.json", {"resourceType": "CodeSystem", "url": "urn:x"})]
    for name, content in files:
        (tmp_path / "x" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "x" / name).write_bytes(content)
    assert [one for _, one in package.read(tmp_path / "x").resources] == [one for _, one in read]
    assert [one for _, one in package.read(archive(tmp_path / "x.tar", files, "w")).resources] == [one for _, one in read]


@pytest.mark.parametrize(("entry", "says"), [
    ("../outside.json", "outside"), ("package/../../x.json", "outside"), ("/etc/x.json", "outside"),
    (linked("package/x.json", tarfile.SYMTYPE, "/etc/passwd"), "link"),
    (linked("package/x.json", tarfile.LNKTYPE, "package/a.json"), "link"),
    (linked("package/x", tarfile.FIFOTYPE, ""), "link or device"), (linked("package/x", tarfile.CHRTYPE, ""), "device"),
])
def test_a_hostile_archive_is_refused_with_the_place(tmp_path, entry, says):
    path = archive(tmp_path / "x.tgz", [("package/a.json", ONE), (entry, b"")])
    with pytest.raises(OperatorError, match=says) as told:
        package.read(path)
    assert "x.tgz!" in str(told.value)


def test_a_folder_with_a_link_is_refused(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.json").write_bytes(ONE)
    os.symlink("/etc/passwd", tmp_path / "x" / "b.json")
    with pytest.raises(OperatorError, match=r"b\.json: a link"):
        package.read(tmp_path / "x")


@pytest.mark.parametrize("spoil", [lambda raw: raw[: len(raw) // 2], lambda _raw: b"no archive", lambda _raw: b"",
                                   lambda raw: raw[:40] + b"\x00" * 40 + raw[80:]])
def test_what_is_no_archive_or_is_cut(tmp_path, spoil):
    path = archive(tmp_path / "x.tgz", [(f"package/{number}.json", os.urandom(3000)) for number in range(20)])
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(OperatorError, match="no package in"):
        package.read(path)


def test_every_file_that_cannot_be_read_is_told(tmp_path):
    path = archive(tmp_path / "x.tgz", [("package/a.json", b'{"x":'), ("package/b.json", ONE),
                                        ("package/c.json", b'{"x":"\xe9"}'), ("package/d.json", b"")])
    with pytest.raises(AuthorError) as told:
        package.read(path)
    assert [(one.file.rpartition("/")[2], one.line) for one in told.value.problems] == [
        ("a.json", 1), ("c.json", 1), ("d.json", 1)]


@pytest.mark.parametrize("entries", [[], [("package/package.json", b"{}")], [("package/x.json", b"{}")]])
def test_a_package_without_any_resource(tmp_path, entries):
    with pytest.raises(OperatorError, match="no FHIR resource"):
        package.read(archive(tmp_path / "x.tgz", entries))
    with pytest.raises(OperatorError, match="no such file"):
        package.read(tmp_path / "absent")


def test_a_package_is_bounded(tmp_path, monkeypatch):
    path = archive(tmp_path / "x.tgz", [(f"package/{number}.json", ONE) for number in range(5)])
    monkeypatch.setattr(package, "MOST_FILES", 4)
    with pytest.raises(OperatorError, match="more than 4 files"):
        package.read(path)
    monkeypatch.setattr(package, "MOST_FILES", 40)
    monkeypatch.setattr(package, "MOST_BYTES", 2 * len(ONE))
    with pytest.raises(OperatorError, match="no package is that large"):
        package.read(path)
    bomb = archive(tmp_path / "bomb.tgz", [("package/x.json", b" " * 1000)])
    with pytest.raises(OperatorError, match="no package is that large"):
        package.read(bomb)
