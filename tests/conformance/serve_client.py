"""A client of `capsule serve`: JSON-RPC 2.0, a message a line."""

import collections
import itertools
import json
import subprocess


class Refused(Exception):
    """The request was answered by an error."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.error = error
        self.status = error.get("data", {}).get("status")


class Client:
    def __init__(self, command, **popen):
        self._process = subprocess.Popen(
            [command, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", **popen
        )
        self._ids = itertools.count(1)
        self._answers = {}
        self._events = collections.defaultdict(collections.deque)
        self._sent_along = set()
        self.on_request = lambda bridge, request: None

    def call(self, method, **params):
        """The result of a request, once there is one. What comes meanwhile is kept, requests of bridges are served."""
        own = self.send(method, **params)
        while own not in self._answers:
            self._read()
        answer = self._answers.pop(own)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"]

    def send(self, method, **params):
        own = next(self._ids)
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": own, "method": method, "params": params}) + "\n")
        self._process.stdin.flush()
        return own

    def send_along(self, method, **params):
        """A request whose answer nobody waits for."""
        self._sent_along.add(self.send(method, **params))

    def next_event(self, execution):
        while not self._events[execution]:
            self._read()
        return self._events[execution].popleft()

    def _read(self):
        line = self._process.stdout.readline()
        if not line:
            raise EOFError(f"the command has ended: {self._process.wait()}")
        message = json.loads(line)
        if "id" in message:
            if message["id"] not in self._sent_along:
                self._answers[message["id"]] = message
            self._sent_along.discard(message["id"])
        elif message["method"] == "execution_next":
            self._events[message["params"]["execution"]].append(message["params"]["event"])
        elif message["method"] == "bridge_next_request":
            self.on_request(message["params"]["bridge"], message["params"]["request"])

    def close(self):
        """Ends its stdin, and answers its exit status."""
        self._process.stdin.close()
        self._process.stdout.read()
        return self._process.wait()
