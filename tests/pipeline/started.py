"""A program that a test has started and talks to while it runs."""

import subprocess
import threading


class Started(subprocess.Popen):
    """A program whose output may be read line by line and then to its end."""

    def communicate(self, input=None, timeout=None):  # pylint: disable=redefined-builtin
        """What stands in its output and its errors after what was read. The one it replaces reads past Python's buffers, and so loses the
        lines that readline() has read ahead. Whoever does not end in time is killed."""
        if input is not None:
            raise ValueError("it is not written to")
        rest = {}

        def read(name, stream):
            rest[name] = stream.read()
            stream.close()

        readers = [threading.Thread(target=read, args=named, daemon=True)
                   for named in [("output", self.stdout), ("errors", self.stderr)] if named[1] is not None and not named[1].closed]
        for reader in readers:
            reader.start()
        try:
            self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            for reader in readers:
                reader.join()
        return rest.get("output"), rest.get("errors")
