"""Calls of the host whose answer, or whose arguments, come in pieces."""

host = load_once("host")

# Pieces of an answer are credited so many at a time; the host sends 64 ahead.
PIECES_AT_ONCE = 16


class Call:
    """A call that is under way. Where it was made on an event loop, its replies come there."""

    def __init__(self, native, path, call, loop):
        self._native = native
        self._path = path
        self._over = False
        self._loop = loop
        if loop is None:
            self._id = native.call_host(*call, native.BEGIN_CALL)
        else:
            self._id, self._waiting = host.calls_of(loop, native).start_pieces(call)

    def close(self):
        """Wants nothing more of the call."""
        if not self._over:
            self._over = True
            self._native.give_up_call(self._id)
            if self._loop is not None:
                host.calls_of(self._loop, self._native).forget(self._id)

    def __del__(self):
        self.close()


class Pieces(Call):
    """The pieces of an answer, as an iterator, or an asynchronous one."""

    _taken = 0

    def _piece(self, reply):
        """The piece; StopIteration behind the last."""
        if not reply[1]:
            self._over = True
            host.result_of(reply, self._path)
            raise StopIteration
        self._taken += 1
        if self._taken % PIECES_AT_ONCE == 0:
            self._native.take_pieces(self._id, PIECES_AT_ONCE)
        return host.value_of(reply)

    def __iter__(self):
        return self

    def __next__(self):
        if self._loop is not None:
            raise TypeError("the call was made on an event loop: use 'async for'")
        if self._over:
            raise StopIteration
        try:
            return self._piece(self._native.wait_call(self._id))
        except BaseException:
            self.close()
            raise

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self._loop is None:
            raise TypeError("the call was made without an event loop: use 'for'")
        if self._over:
            raise StopAsyncIteration
        try:
            return self._piece(await self._waiting.get())
        except StopIteration:
            raise StopAsyncIteration from None
        except BaseException:
            self.close()
            raise


def fields_of(value):
    """A piece as the wire has it."""
    if isinstance(value, str):
        return {"kind": host.TEXT, "data": value.encode()}
    values = load_once("values")
    if type(value) not in host.PLAIN and values.has_buffer(value):
        return values.get_value(host.BUFFER, value, values.INLINE_BYTES)
    try:
        return {"kind": host.JSON, "data": host.encode(value).encode()}
    except RecursionError:
        raise ValueError("the piece is nested too deep") from None


class Sender(Call):
    """A call that sends pieces. Where it was made on an event loop, `send` is awaited."""

    _finished = False

    def send(self, value):
        """Sends a piece; waits where the host has not taken those before."""
        if self._finished:
            raise ValueError("finish() was called: no more pieces can be sent")
        if self._loop is not None:
            return self._send_on_loop(value)
        if not self._send(self._native.take_room(self._id, True), value):
            self._refuse(self._last_reply())

    async def _send_on_loop(self, value):
        while (room := self._native.take_room(self._id, False)) is False:
            await host.calls_of(self._loop, self._native).room(self._id)
        if not self._send(room, value):
            self._refuse(await self._last_reply_on_loop())

    def _send(self, room, value):
        """False where the call is over."""
        if room is None:
            return False
        try:
            fields = fields_of(value)
        except BaseException:
            self._native.return_room(self._id)
            raise
        self._native.send_piece(self._id, fields)
        return True

    def _refuse(self, reply):
        if reply is not None:
            host.result_of(reply, self._path)
        raise BrokenPipeError(f"host.{self._path} takes no more pieces: the call is over")

    def _end(self):
        if not self._finished:
            self._finished = True
            self._native.send_piece(self._id, None)

    def __enter__(self):
        if self._loop is not None:
            raise TypeError("the call was made on an event loop: use 'async with'")
        return self

    def __exit__(self, *_):
        self.close()

    async def __aenter__(self):
        if self._loop is None:
            raise TypeError("the call was made without an event loop: use 'with'")
        return self

    async def __aexit__(self, *_):
        self.close()


class Upload(Sender):
    """A call that sends pieces, and has one result."""

    _reply = None

    def finish(self):
        """Sends no more pieces and returns the result; to be awaited where the call was made on an event loop."""
        self._end()
        return self._finish_on_loop() if self._loop is not None else host.result_of(self._last_reply(), self._path)

    async def _finish_on_loop(self):
        return host.result_of(await self._last_reply_on_loop(), self._path)

    def _last_reply(self):
        if self._reply is None:
            try:
                self._reply = self._native.wait_call(self._id)
            finally:
                self._over = True
        return self._reply

    async def _last_reply_on_loop(self):
        if self._reply is None:
            self._reply = await self._waiting.get()
            self._over = True
        return self._reply


class Exchange(Sender, Pieces):
    """A call that sends pieces, and whose answer comes in pieces."""

    def finish(self):
        """Sends no more pieces; those of the answer are the iterator's."""
        self._end()

    # What the host has answered is the iterator's.
    def _last_reply(self):
        return None

    async def _last_reply_on_loop(self):
        return None
