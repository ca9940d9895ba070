"""Starts a service and calls it as strangers do. For the tests beside it and for benchmarks/serving_soak."""

import http.client
import json
import os
import subprocess
import sys

from started import Started

LIMIT_S = 60
SKIPPED = 77


def generate_stubs(protoc, plugin, source, folder):
    """The protocol's Python client, made by Python's own generator."""
    subprocess.run([protoc, f"--proto_path={source}", f"--python_out={folder}", f"--grpc_python_out={folder}",
                    f"--plugin=protoc-gen-grpc_python={plugin}", "lib/runtime/proto/open_inference.proto"], check=True)
    sys.path.insert(0, str(folder))


class Served:
    """A service that listens at `grpc` and `http`, until stop()."""

    def __init__(self, words, folder, **options):
        environment = os.environ | {"TMPDIR": str(folder)}  # what a killed run leaves goes with the folder
        self.process = Started(words, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True, **options)
        self.grpc = self.http = self.name = None
        self.talk = ""
        while self.grpc is None or self.http is None:
            line = self.process.stderr.readline()
            if not line:
                sys.exit(f"the service did not start: {self.talk}")
            self.talk += line
            if "serving '" in line:
                self.name = line.split("'")[1]
                where = line.split()[-1]
                if where.startswith("http"):
                    self.http = where.split("://", 1)[1]
                else:
                    self.grpc = where

    def stop(self, signal):
        """Its exit status and what it said after the addresses."""
        self.process.send_signal(signal)
        _, talk = self.process.communicate(timeout=LIMIT_S)
        return self.process.returncode, talk

    def children(self):
        """Process ids of its nodes."""
        found = []
        for entry in os.listdir("/proc"):
            try:
                if entry.isdigit():
                    with open(f"/proc/{entry}/stat", encoding="utf-8") as stat:
                        if stat.read().rsplit(")", 1)[1].split()[1] == str(self.process.pid):
                            found.append(int(entry))
            except (OSError, IndexError):
                pass
        return sorted(found)


class Rest:
    """A kept HTTP connection to a service."""

    def __init__(self, address, timeout=LIMIT_S):
        self.connection = http.client.HTTPConnection(address, timeout=timeout)

    def call(self, method, path, body=None, headers=None):
        """Status, headers, body."""
        self.connection.request(method, path, body, headers or {})
        answer = self.connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()

    def json(self, method, path, message=None):
        status, _, body = self.call(method, path, None if message is None else json.dumps(message))
        return status, json.loads(body)
