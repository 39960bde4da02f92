"""Takes a tar stream apart while it arrives, and puts its files below the learner's folder."""

import errno
import io
import queue
import tarfile
import threading

from nbformat import reads, v4

from .tree import BLOCK, BadPath, InTheWay

NOTEBOOK_BYTES = 50_000_000


class BadArchive(ValueError):
    pass


def rehearse(notary) -> None:
    """Loads what the first notebook would wait for: nbformat's schema and the notary's database, 0.1 s together."""
    cell = v4.new_code_cell("", outputs=[v4.new_output("stream", text="")])
    notary.sign(reads(v4.writes(v4.new_notebook(cells=[cell])), as_version=4))


class Arriving(io.RawIOBase):
    """What the network brings, as a file another thread can read; at most a few blocks wait."""

    def __init__(self):
        self._blocks = queue.Queue(maxsize=16)
        self._rest = b""
        self._over = False

    def give(self, block: bytes) -> None:
        self._blocks.put(block, timeout=60)

    def finish(self) -> None:
        self.give(b"")

    def read(self, size=-1):
        while not self._rest and not self._over:
            self._rest = self._blocks.get(timeout=60)
            self._over = not self._rest
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def drain(self) -> None:
        while not self._over:
            self._over = not self._blocks.get(timeout=60)


class PutBack:
    """Runs in a thread of its own from `start` to `result`."""

    def __init__(self, tree, notary):
        self.arriving = Arriving()
        self._tree = tree
        self._notary = notary
        self._written = {}
        self._refused = []
        self._error = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def result(self):
        self._thread.join()
        if self._error:
            raise self._error
        return {"written": self._written, "refused": self._refused}

    def _run(self) -> None:
        try:
            with tarfile.open(fileobj=self.arriving, mode="r|") as archive:
                for member in archive:
                    self._member(archive, member)
        except (tarfile.TarError, BadPath, BadArchive, UnicodeError) as error:
            self._error = BadArchive(str(error))
        except Exception as error:
            self._error = error
        finally:
            try:
                self.arriving.drain()
            except queue.Empty:
                pass

    def _member(self, archive, member) -> None:
        name = member.name
        try:
            if member.isdir():
                self._tree.make_folder(name)
            elif member.isreg() and not member.issparse():
                self._written[name] = self._tree.write(name, self._blocks(archive.extractfile(member), member))
            else:
                raise BadArchive(f"{name}: neither a file nor a folder")
        except InTheWay:
            self._refused.append({"path": name, "why": "in-the-way"})
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.ENAMETOOLONG):
                raise
            self._refused.append({"path": name, "why": "disk-full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "denied"})

    def _blocks(self, file, member):
        notebook = io.BytesIO() if member.name.endswith(".ipynb") and member.size < NOTEBOOK_BYTES else None
        seen = 0
        while block := file.read(BLOCK):
            seen += len(block)
            if notebook:
                notebook.write(block)
            yield block
        if seen != member.size:
            raise BadArchive(f"{member.name}: cut short")
        if notebook:
            self._trust(notebook.getvalue())

    def _trust(self, content: bytes) -> None:
        """These are the learner's own outputs coming back: JupyterLab need not ask about them."""
        try:
            self._notary.sign(reads(content.decode(), as_version=4))
        except Exception:
            # Not a notebook, whatever its name says. It is put back all the same.
            return
