"""Plays tests/scenarios/*.json; their README says what every key means."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import capsule
from capsule import diagnostics

PATIENCE_S = 60.0

Json = dict[str, Any]


class Mismatch(Exception):
    """Something is not as the scenario has it."""


def check_is(what: str, actual: object, expected: object) -> None:
    if actual != expected:
        raise Mismatch(f"{what} is {actual!r}, not {expected!r}")


def check_part(what: str, text: str | None, part: str) -> None:
    if part not in (text or ""):
        raise Mismatch(f"{what} is {text!r}, without {part!r}")


def check_keys(given: Json, known: set[str], what: str) -> None:
    if unknown := given.keys() - known:
        raise Mismatch(f"{what} has an unknown key {sorted(unknown)[0]!r}")


def same_json(one: object, other: object) -> bool:
    """Equal, and of the same types: 1 is neither true nor 1.0."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


class Run:
    """One execution's events, and what became of them."""

    def __init__(self, execution: capsule.Execution, step: Json, store: capsule.PromiseStore | None) -> None:
        self.execution = execution
        self._store = store
        self.events: list[capsule.Event] = []
        self._step = step
        self._inputs = list(step.get("inputs", []))
        self._marks = {key: step[key] for key in ("cancel_after", "interrupt_after") if key in step}

    def play(self) -> capsule.Result | capsule.Error:
        while True:
            event = self.execution.next(PATIENCE_S)
            if event is None:
                raise Mismatch("the events ended without a terminal one")
            self.events.append(event)
            if isinstance(event, (capsule.Result, capsule.Error)):
                break
            if isinstance(event, capsule.Input) and "cancel_after" not in self._step and "unanswered" not in self._step:
                self._answer(event)
            self._act_on_output()
        check_is("the answers that were not asked for", self._inputs, [])
        check_is("the texts to act upon that never came", self._marks, {})
        return event

    def _answer(self, event: capsule.Input) -> None:
        if not self._inputs:
            raise Mismatch(f"an input request too many: {event.prompt!r}")
        line = self._inputs.pop(0)
        if "by_promise" in self._step:
            assert self._store is not None and event.input_promise is not None
            if line is None:
                self._store.reject(event.input_promise)
            else:
                self._store.resolve(event.input_promise, json.dumps(line).encode())
        elif line is None:
            self.execution.decline(event)
        else:
            self.execution.answer(event, line)

    def _act_on_output(self) -> None:
        for key, text in list(self._marks.items()):
            if text in self.output():
                del self._marks[key]
                if key == "cancel_after":
                    grace_ms = self._step.get("grace_ms", -1)
                    self.execution.cancel(None if grace_ms < 0 else grace_ms / 1000)
                else:
                    self.execution.interrupt()

    def of(self, kind: type[capsule.Event]) -> Iterator[Any]:
        return (event for event in self.events if isinstance(event, kind))

    def output(self, stream: capsule.Stream | None = None) -> str:
        """As it was written: the tests' own scenarios print what is no UTF-8 only where they say `text`."""
        raw = b"".join(event.raw for event in self.of(capsule.Output) if stream in (None, event.stream))
        return raw.decode(errors="surrogateescape")

    def story(self) -> str:
        return " ".join(without_repeats([event.kind.name.lower() for event in self.events], "output"))


def without_repeats(words: list[str], only: str | None = None) -> list[str]:
    return [
        word for place, word in enumerate(words) if place == 0 or words[place - 1] != word or (only is not None and word != only)
    ]


def parts_of(display: capsule.Display) -> dict[str, str]:
    return {type_: data.decode(errors="replace") for type_, data in display.parts.items()}


def effects_of(end: Any) -> list[str]:
    return [effect.name.lower() for effect in capsule.Effects if effect in end.effects]


def value_text(end: capsule.Result) -> str | None:
    value = end.value
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).decode()
    return json.dumps(value)


def status_name(status: capsule.Status) -> str:
    return "CAPSULE_OK" if status is capsule.Status.OK else f"CAPSULE_E_{status.name}"


def name_of(member: Any) -> str:
    return str(member.name).lower()


Expectation = Callable[["Run", Any, capsule.Session, Any], None]


def is_(what: str, get: Callable[[Run, Any, capsule.Session], object]) -> Expectation:
    return lambda run, end, session, value: check_is(what, get(run, end, session), value)


EXPECTATIONS: dict[str, Expectation] = {
    "outcome": is_("the outcome", lambda run, end, session: name_of(end.outcome)),
    "stdout": is_("stdout", lambda run, end, session: run.output(capsule.Stream.STDOUT)),
    "stderr": is_("stderr", lambda run, end, session: run.output(capsule.Stream.STDERR)),
    "output": is_("output", lambda run, end, session: run.output()),
    "stdout_size": lambda run, end, session, value: [
        check_is("the bytes of stdout", sum(len(e.raw) for e in run.of(capsule.Output) if e.stream is capsule.Stream.STDOUT), value),
        check_is("stdout_bytes", end.stdout_bytes, value),
    ]
    and None,
    "events": is_("the order of events", lambda run, end, session: run.story()),
    "text": is_("the text of the output", lambda run, end, session: "".join(event.text for event in run.of(capsule.Output))),
    "origins": is_(
        "the origins", lambda run, end, session: " ".join(without_repeats([name_of(e.origin) for e in run.of(capsule.Output)]))
    ),
    "displays": is_("the displays", lambda run, end, session: [parts_of(event) for event in run.of(capsule.Display)]),
    "progress": is_(
        "the progress", lambda run, end, session: [[event.value, event.total, event.label] for event in run.of(capsule.Progress)]
    ),
    "left_out_bytes": is_("left_out_bytes", lambda run, end, session: end.left_out_bytes),
    "left_out_lines": is_("left_out_lines", lambda run, end, session: end.left_out_lines),
    "code_class": is_("the code's class", lambda run, end, session: name_of(end.code_class)),
    "prompts": is_("the prompts", lambda run, end, session: [e.prompt for e in run.of(capsule.Input) if not e.secret]),
    "secret_prompts": is_("the secret prompts", lambda run, end, session: [e.prompt for e in run.of(capsule.Input) if e.secret]),
    "input_promises": is_("the inputs' promises", lambda run, end, session: [e.input_promise for e in run.of(capsule.Input)]),
    "repr": is_("the repr", lambda run, end, session: end.repr),
    "type": is_("the type", lambda run, end, session: end.type_name),
    "type_contains": lambda run, end, session, value: check_part("the type", end.type_name, value),
    "repr_size_bytes": is_("the size of the repr", lambda run, end, session: end.repr_size_bytes),
    "json": lambda run, end, session, value: check_is("the JSON's sameness", same_json(end.json, value), True),
    "json_absent": is_("the JSON's absence", lambda run, end, session: end.json_text is None),
    "value": is_("the value", lambda run, end, session: value_text(end)),
    "value_refused": is_("the value's status", lambda run, end, session: status_name(end.value_status)),
    "error_type": is_("the error's type", lambda run, end, session: end.error_type),
    "message": is_("the message", lambda run, end, session: end.message),
    "message_contains": lambda run, end, session, value: check_part("the message", end.message, value),
    "traceback_contains": lambda run, end, session, value: [check_part("the traceback", end.traceback, p) for p in value] and None,
    "cancel_phase": is_("the cancel's phase", lambda run, end, session: name_of(end.cancel_phase)),
    "death_reason": is_("the reason of death", lambda run, end, session: name_of(end.death_reason)),
    "exit_code": is_("the exit code", lambda run, end, session: end.exit_code),
    "signal_number": is_("the signal", lambda run, end, session: end.signal_number),
    "state": is_("the state", lambda run, end, session: name_of(end.state)),
    "effects": is_("the effects", lambda run, end, session: effects_of(end)),
    "restored_checkpoint": is_("the checkpoint restored", lambda run, end, session: end.restored_checkpoint),
    "session_state": is_("the session's state", lambda run, end, session: name_of(session.info.state)),
}

RESULT_KINDS = {kind.name.lower(): kind for kind in capsule.ValueKind}
STRATEGIES = {strategy.name.lower(): strategy for strategy in capsule.SetStrategy}


def source_of(step: Json) -> str:
    source = step["recorded"] if "recorded" in step else step["execute"]
    return source if isinstance(source, str) else "\n".join(source)


EXECUTION_KEYS = ("file_name", "traceparent", "tracestate", "timeout_ms", "idempotency_key")


def options_of(step: Json) -> Json:
    options = {key: step[key] for key in EXECUTION_KEYS if key in step}
    if "transaction" in step:
        options["transaction"] = capsule.Transaction[step["transaction"].upper()]
    if "scope" in step:
        options["transaction_scope"] = capsule.TransactionScope[step["scope"].upper()]
    if "bind" in step:
        # All of them as JSON, as the other players give them.
        options["inputs"] = {name: capsule.JsonValue(value) for name, value in step["bind"].items()}
    if "result" in step:
        options["result_kind"] = RESULT_KINDS[step["result"]]
    return options


class Scenario:
    """A scenario under way: its session, and what its steps have made besides."""

    def __init__(self, runtime: capsule.Runtime, given: Json) -> None:
        check_keys(given, {"name", "session", "steps", "pool", "bridge", "promises"}, "a scenario")
        self._runtime = runtime
        self._given = given
        self._snapshots: dict[str, capsule.Snapshot] = {}
        self._sessions: dict[str, capsule.Session] = {}
        self._pool: capsule.Pool | None = None
        self._bridge: capsule.Bridge | None = None
        self._store: capsule.PromiseStore | None = None
        self._calls: list[list[Any]] = []

    def play(self) -> None:
        with ExitStack() as stack:
            options = session_options(self._given.get("session", {}))
            if "bridge" in self._given:
                self._bridge = stack.enter_context(self._serving(self._given["bridge"]))
                options |= {"bridge": self._bridge, "rules": rules_of(self._given["bridge"])}
            if self._given.get("promises"):
                self._store = stack.enter_context(self._runtime.open_promises())
            if "pool" in self._given:
                self._pool = stack.enter_context(self._runtime.open_pool(**pool_options(self._given["pool"]), session=options))
                self._pool.wait_ready(PATIENCE_S)
            else:
                self._sessions[""] = self._runtime.open(**options)
            try:
                for step in self._given["steps"]:
                    self._play_step(step)
            finally:
                for session in self._sessions.values():
                    session.close(0)

    def _play_step(self, step: Json) -> None:
        check_keys(step, STEP_KEYS, "a step")
        if "expect" in step:
            self._play_execution(step)
            return
        status = "CAPSULE_OK"
        try:
            next(action for key, action in ACTIONS.items() if key in step)(self, step)
        except capsule.CapsuleError as error:
            status = status_name(error.status)
        check_is("the status", status, step.get("refused", "CAPSULE_OK"))

    def _session(self, step: Json) -> capsule.Session:
        return self._sessions[step.get("in", "")]

    def _play_execution(self, step: Json) -> None:
        session = self._session(step)
        begun = self._begin(step)
        if begun is None:
            raise Mismatch("it was recorded before")
        with begun as execution:
            run = Run(execution, step, self._store)
            end = run.play()
            for key, value in step["expect"].items():
                if key not in EXPECTATIONS:
                    raise Mismatch(f"an unknown expectation {key!r}")
                try:
                    EXPECTATIONS[key](run, end, session, value)
                except Mismatch as mismatch:
                    raise Mismatch(f"{mismatch}; the end was {end}") from None

    def _begin(self, step: Json) -> capsule.Execution | None:
        session, source, options = self._session(step), source_of(step), options_of(step)
        if "durable" not in step:
            return session.execute(source, **options)
        assert self._store is not None
        return self._store.execute(session, source, step["durable"], **options)[0]

    # Steps that make no events

    def _execute(self, step: Json) -> None:
        if begun := self._begin(step):
            begun.close()

    def _recorded(self, step: Json) -> None:
        check_is("what was begun", self._begin(step), None)

    def _check_promise(self, step: Json) -> None:
        assert self._store is not None
        promise = self._store.get(step["promise"])
        check_is("the promise", name_of(promise.state), step["state"])
        if "json" in step:
            check_is("its value", json.loads(promise.value), step["json"])

    def _set(self, step: Json) -> None:
        kind = capsule.ValueKind.TEXT if "text" in step else capsule.ValueKind.JSON
        value = step["text"] if "text" in step else step["json"]
        self._session(step).set(step["set"], value, kind=kind, strategy=strategy_of(step), timeout=PATIENCE_S)

    def _update(self, step: Json) -> None:
        values = {name: capsule.JsonValue(value) for name, value in step["update"].items()}
        self._session(step).update(values, strategy=strategy_of(step), timeout=PATIENCE_S)

    def _get(self, step: Json) -> None:
        kind = next((kind for kind in ("text", "repr") if kind in step), "json")
        value = self._session(step).get(step["get"], RESULT_KINDS[kind], PATIENCE_S)
        if not same_json(value, step[kind]):
            raise Mismatch(f"the value is {value!r}, not {step[kind]!r}")

    def _delete(self, step: Json) -> None:
        self._session(step).delete(step["delete"], PATIENCE_S)

    def _snapshot(self, step: Json) -> None:
        self._snapshots[step["snapshot"]] = self._session(step).snapshot(PATIENCE_S)

    def _restore(self, step: Json) -> None:
        self._session(step).restore(self._snapshots[step["restore"]], PATIENCE_S)

    def _branch(self, step: Json) -> None:
        origin = self._snapshots[step["of"]] if "of" in step else self._session(step)
        self._sessions[step["branch"]] = origin.branch(PATIENCE_S)

    def _keep_checkpoint(self, step: Json) -> None:
        session = self._session(step)
        session.keep_checkpoint(session.checkpoint(name=step["keep_checkpoint"], timeout=PATIENCE_S))

    def _restore_checkpoint(self, step: Json) -> None:
        session = self._session(step)
        session.restore_checkpoint(session.find_checkpoint(step["restore_checkpoint"]), timeout=PATIENCE_S)

    def _forget_checkpoint(self, step: Json) -> None:
        self._session(step).forget_checkpoint(step["forget_checkpoint"])

    def _restart(self, step: Json) -> None:
        self._session(step).restart()

    def _close(self, step: Json) -> None:
        self._session(step).close(step["close"] / 1000)

    # Pools, bridges, diagnostics

    def _acquire(self, step: Json) -> None:
        assert self._pool is not None
        timeout_ms = step.get("timeout_ms", PATIENCE_S * 1000)
        self._sessions[step["acquire"]] = self._pool.acquire(timeout_ms / 1000)

    def _give_back(self, step: Json) -> None:
        self._sessions.pop(step["give_back"]).close()

    def _check_calls(self, step: Json) -> None:
        if not same_json(self._calls, step["calls"]):
            raise Mismatch(f"the calls are {self._calls!r}, not {step['calls']!r}")

    def _check_metrics(self, step: Json) -> None:
        record = METRICS[step["metrics"]](self, step)
        for name, value in step["fields"].items():
            check_is(name, getattr(record, name), value)

    def _check_trace(self, step: Json) -> None:
        of = self._pool if step.get("of") == "pool" else self._session(step)
        assert of is not None
        events = diagnostics.get_trace(of, kind=step.get("group", 0)).events
        check_is("the trace", [name_of(event.kind) for event in events], step["trace"])

    @contextmanager
    def _serving(self, given: Json) -> Iterator[capsule.Bridge]:
        served = {capability["name"]: capability for capability in given["capabilities"]}
        with self._runtime.open_bridge() as bridge:
            for capability in served.values():
                bridge.register(**capability_options(capability))
            thread = threading.Thread(target=self._serve, args=(bridge, served))
            thread.start()
            try:
                yield bridge
            finally:
                bridge.close()
                thread.join()

    def _serve(self, bridge: capsule.Bridge, served: dict[str, Json]) -> None:
        try:
            while True:
                request = bridge.next_request()
                capability = served[request.capability]
                if request.kind is capsule.RequestKind.APPROVAL:
                    bridge.approve(request, capability.get("approve", False))
                else:
                    self._calls.append([request.capability, request.arguments])
                    serve_call(bridge, request, capability)
        except capsule.ClosedError:
            pass


def serve_call(bridge: capsule.Bridge, request: capsule.Request, capability: Json) -> None:
    if "fails" in capability:
        bridge.fail(request, capability["fails"]["type"], capability["fails"]["message"])
    elif "chunks" in capability:
        for chunk in capability["chunks"]:
            bridge.send_chunk(request, capsule.JsonValue(chunk))
        bridge.respond(request)
    elif "collects" in capability:
        bridge.respond(request, capsule.JsonValue(list(bridge.pieces(request))))
    elif "echo" in capability:
        bridge.respond(request, capsule.JsonValue(request.arguments))
    elif "returns" in capability:
        bridge.respond(request, capsule.JsonValue(capability["returns"]))


def session_options(given: Json) -> Json:
    check_keys(given, SESSION_KEYS, "a session")
    options = dict(given)
    if "restart_policy" in options:
        options["restart_policy"] = capsule.RestartPolicy[options["restart_policy"].upper()]
    if "executor" in options:
        options["executor"] = capsule.Executor[options["executor"].upper()]
    return options


def pool_options(given: Json) -> Json:
    options = dict(given)
    if "reset" in options:
        options["reset"] = capsule.PoolReset[options["reset"].upper()]
    return options


def capability_options(given: Json) -> Json:
    options = {key: given[key] for key in ("name", "parameters", "timeout_ms") if key in given}
    flags = capsule.CapabilityFlags(0)
    for key, flag in (("idempotent", "IDEMPOTENT"), ("needs_approval", "NEEDS_APPROVAL"), ("chunks", "STREAM"), ("collects", "UPLOAD")):
        if key in given:
            flags |= capsule.CapabilityFlags[flag]
    return options | {"flags": flags}


def rules_of(given: Json) -> list[capsule.Rule]:
    return [
        capsule.Rule(rule["capability"], capsule.Decision[rule["decision"].upper()], max_calls=rule.get("max_calls", 0))
        for rule in given["rules"]
    ]


def strategy_of(step: Json) -> capsule.SetStrategy:
    return STRATEGIES[step.get("strategy", "overwrite")]


METRICS: dict[str, Callable[[Scenario, Json], object]] = {
    "session": lambda scenario, step: scenario._session(step).info,
    "executor": lambda scenario, step: diagnostics.get_executor_metrics(scenario._session(step)),
    "async": lambda scenario, step: diagnostics.get_async_metrics(scenario._session(step)),
    "limiter": lambda scenario, step: diagnostics.get_limiter_metrics(scenario._session(step)),
    "bridge": lambda scenario, step: diagnostics.get_bridge_metrics(scenario._session(step)),
    "pool": lambda scenario, step: scenario._pool.metrics,  # type: ignore[union-attr]
    "pool_info": lambda scenario, step: scenario._pool.info,  # type: ignore[union-attr]
}

SESSION_KEYS = {
    "cancel_grace_ms", "queue_limit", "environment", "input_timeout_ms", "output_budget_bytes", "coalesce_carriage_returns",
    "progress_rate_per_s", "display_limit_bytes", "snapshot_limit", "checkpoint_limit", "restart_policy", "executor",
    "enable_metrics", "rate_limit_per_s", "rate_limit_burst",
}  # fmt: skip

ACTIONS: dict[str, Callable[[Scenario, Json], None]] = {
    "execute": Scenario._execute,
    "recorded": Scenario._recorded,
    "promise": Scenario._check_promise,
    "set": Scenario._set,
    "update": Scenario._update,
    "get": Scenario._get,
    "delete": Scenario._delete,
    "snapshot": Scenario._snapshot,
    "restore": Scenario._restore,
    "branch": Scenario._branch,
    "keep_checkpoint": Scenario._keep_checkpoint,
    "restore_checkpoint": Scenario._restore_checkpoint,
    "forget_checkpoint": Scenario._forget_checkpoint,
    "restart": Scenario._restart,
    "close": Scenario._close,
    "acquire": Scenario._acquire,
    "give_back": Scenario._give_back,
    "calls": Scenario._check_calls,
    "metrics": Scenario._check_metrics,
    "trace": Scenario._check_trace,
}

STEP_KEYS = ACTIONS.keys() | set(EXECUTION_KEYS) | {
    "inputs", "unanswered", "cancel_after", "grace_ms", "interrupt_after",
    "transaction", "scope", "bind", "result", "expect", "json", "text", "repr", "strategy", "of", "in", "refused", "fields", "group",
    "durable", "by_promise", "state",
}  # fmt: skip
