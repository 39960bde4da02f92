"""
The learner's folder, walked without ever following a link: every step is opened relative to the folder before it, so a
link put in its place at any moment is refused by the system and not raced by us.
"""

import errno
import hashlib
import os
import shutil
import stat

ENTRIES = 20_000
DEPTH = 40
BLOCK = 1 << 18
# Things programs keep for themselves and can make again.
NOT_LISTED_AT_ROOT = {".cache", ".ipython", ".local", ".config", ".npm"}
NOT_LISTED = {"__pycache__"}
TEMPORARY = ".lectern-put-"

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class BadPath(ValueError):
    pass


class InTheWay(Exception):
    """Something that is not a folder or a regular file stands where one is needed."""


def parts_of(path: str) -> list:
    parts = path.rstrip("/").split("/")
    if not path or path.startswith("/") or "\0" in path or any(p in ("", ".", "..") or len(p.encode()) > 255 for p in parts):
        raise BadPath(path)
    return parts


class Tree:
    def __init__(self, root: str):
        self.root = root
        self._hashes = {}

    def open_folder(self, parts, make=False) -> int:
        """A descriptor of the folder, to be closed by the caller."""
        at = os.open(self.root, FOLDER)
        try:
            for part in parts:
                try:
                    below = os.open(part, FOLDER, dir_fd=at)
                except FileNotFoundError:
                    if not make:
                        raise
                    try:
                        os.mkdir(part, 0o755, dir_fd=at)
                    except FileExistsError:
                        pass
                    below = os.open(part, FOLDER, dir_fd=at)
                os.close(at)
                at = below
            return at
        except OSError as error:
            os.close(at)
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise InTheWay("/".join(parts)) from error
            raise

    def make_folder(self, path: str) -> None:
        os.close(self.open_folder(parts_of(path), make=True))

    def write(self, path: str, blocks) -> str:
        """Writes the whole file or leaves what was there; answers its SHA-256."""
        *folder, name = parts_of(path)
        at = self.open_folder(folder, make=True)
        temporary = TEMPORARY + os.urandom(8).hex()
        try:
            file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644, dir_fd=at)
            try:
                sha = hashlib.sha256()
                for block in blocks:
                    sha.update(block)
                    view = memoryview(block)
                    while view:
                        view = view[os.write(file, view) :]
            finally:
                os.close(file)
            try:
                os.rename(temporary, name, src_dir_fd=at, dst_dir_fd=at)
            except (IsADirectoryError, NotADirectoryError) as error:
                raise InTheWay(path) from error
            return sha.hexdigest()
        except BaseException:
            try:
                os.unlink(temporary, dir_fd=at)
            except FileNotFoundError:
                pass
            raise
        finally:
            os.close(at)

    def remove(self, path: str) -> None:
        """Removes a file, a link itself, or a folder with all that is in it. What is not there is fine."""
        *folder, name = parts_of(path)
        try:
            at = self.open_folder(folder)
        except (FileNotFoundError, InTheWay):
            return
        try:
            if stat.S_ISDIR(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode):
                shutil.rmtree(name, dir_fd=at)
            else:
                os.unlink(name, dir_fd=at)
        except FileNotFoundError:
            pass
        finally:
            os.close(at)

    def open_file(self, path: str):
        """(descriptor, size, SHA-256) of a regular file; none when there is no such."""
        try:
            *folder, name = parts_of(path)
            at = self.open_folder(folder)
        except (BadPath, FileNotFoundError, InTheWay):
            return None
        try:
            # Without O_NONBLOCK opening a named pipe would wait for its other end.
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.EACCES):
                return None
            raise
        finally:
            os.close(at)
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            os.close(file)
            return None
        return file, found.st_size, self.hash(path, file, found)

    def hash(self, path, file, found) -> str:
        state = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        known = self._hashes.get(path)
        if known and known[0] == state:
            return known[1]
        sha = hashlib.sha256()
        offset = 0
        while block := os.pread(file, BLOCK, offset):
            sha.update(block)
            offset += len(block)
        self._hashes[path] = (state, sha.hexdigest())
        return sha.hexdigest()

    def list(self):
        """(entries, complete): regular files and folders. Not complete means that some could not be seen."""
        entries, complete = [], True
        waiting = [[]]
        seen = set()
        while waiting:
            folder = waiting.pop()
            try:
                at = self.open_folder(folder)
            except (OSError, InTheWay):
                complete = False
                continue
            try:
                for name in sorted(os.listdir(at)):
                    if len(entries) >= ENTRIES:
                        return entries, False
                    if name in NOT_LISTED or name.startswith(TEMPORARY) or (not folder and name in NOT_LISTED_AT_ROOT):
                        continue
                    complete = self._entry(at, folder, name, entries, waiting, seen) and complete
            except OSError:
                complete = False
            finally:
                os.close(at)
        self._hashes = {path: known for path, known in self._hashes.items() if path in seen}
        return entries, complete

    def _entry(self, at, folder, name, entries, waiting, seen) -> bool:
        path = "/".join([*folder, name])
        try:
            path.encode()
            found = os.stat(name, dir_fd=at, follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                entries.append({"kind": "directory", "path": path})
                if len(folder) + 1 >= DEPTH:
                    return False
                waiting.append([*folder, name])
            elif stat.S_ISREG(found.st_mode):
                file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
                try:
                    found = os.fstat(file)
                    sha = self.hash(path, file, found)
                finally:
                    os.close(file)
                seen.add(path)
                entries.append({"kind": "file", "path": path, "size": found.st_size, "sha256": sha, "modifiedMs": found.st_mtime_ns // 1_000_000})
            return True
        except (OSError, UnicodeEncodeError):
            return False
