"""Plays scenarios by `capsule serve`, which has all that the library has."""

import base64
import itertools
import json

from serve_client import Refused
from told import Mismatch, check, check_is, printed, source_of

PATIENCE_MS = 60_000
EXECUTION_OPTIONS = {
    "file_name": "file_name", "traceparent": "traceparent", "tracestate": "tracestate", "timeout_ms": "timeout_ms",
    "idempotency_key": "idempotency_key", "transaction": "transaction", "scope": "transaction_scope", "result": "result_kind",
}  # fmt: skip
METRICS = {
    "session": ("session_get_info", "info"), "executor": ("session_get_executor_metrics", "metrics"),
    "async": ("session_get_async_metrics", "metrics"), "limiter": ("session_get_limiter_metrics", "metrics"),
    "bridge": ("session_get_bridge_metrics", "metrics"), "pool": ("pool_get_metrics", "metrics"),
    "pool_info": ("pool_get_info", "info"),
}  # fmt: skip
# The one enumeration of which scenarios have the number.
BREAKER = {"closed": 0, "open": 1, "half_open": 2}
CAPABILITY_FLAGS = {"idempotent": "idempotent", "needs_approval": "needs_approval", "chunks": "stream", "collects": "upload"}

numbers = itertools.count(1)


def json_value(value):
    return {"kind": "json", "data": json.dumps(value)}


def inputs_of(values):
    return [{"name": name, "value": json_value(value)} for name, value in values.items()]


def text_of(value):
    """As the file has it: what is no text was sent as base64."""
    return base64.b64decode(value["base64"]).decode(errors="replace") if isinstance(value, dict) else value


def as_run_tells(event, session_state):
    """An event in the form of `capsule run --json`: what is zero or absent is there, as that."""
    kind = event["kind"]
    if kind == "output":
        written = base64.b64decode(event["raw"]["base64"]) if "raw" in event else event["data"].encode()
        return {"event": kind, "stream": event["stream"], "origin": event["origin"], "text": event["data"], "bytes": written}
    if kind == "display":
        parts = {part["mime_type"]: text_of(part["data"]) for part in event["parts"]}
        return {"event": kind, "parts": parts}
    if kind == "progress":
        # A total of zero is left out as zeros are; none at all is null.
        value, total = event.get("progress_value", 0.0), event.get("progress_total", 0.0)
        return {"event": kind, "value": value, "total": total, "label": event.get("progress_label") or ""}
    if kind == "input":
        return {"event": kind, "prompt": event["prompt"], "secret": bool(event.get("secret")),
                "input_promise": event.get("input_promise")}  # fmt: skip
    if kind == "started":
        return {"event": kind}
    value = event.get("value")
    return {
        "event": kind, "outcome": event["outcome"], "type": event.get("type_name" if kind == "result" else "error_type"),
        "repr": event.get("repr"), "json": json.loads(event.get("json", "null")),
        "repr_size_bytes": event.get("repr_size_bytes", 0), "message": event.get("message"), "traceback": event.get("traceback"),
        "cancel_phase": event.get("cancel_phase", "none"), "death_reason": event.get("death_reason", "none"),
        "exit_code": event.get("exit_code", 0), "signal": event.get("signal_number", 0), "state": event["state"],
        "code_class": event.get("code_class", "unclassified"), "effects": event.get("effects", []),
        "stdout_bytes": event.get("stdout_bytes", 0), "left_out_bytes": event.get("left_out_bytes", 0),
        "left_out_lines": event.get("left_out_lines", 0), "value": value and text_of(value["data"]),
        "value_refused": event.get("value_status", "CAPSULE_OK"), "restored_checkpoint": event.get("restored_checkpoint"),
        "session_state": session_state(),
    }  # fmt: skip


class Player:
    """One scenario: its sessions by their labels, the scenario's own with the empty one, as the command knows them by other names."""

    def __init__(self, client, scenario):
        self.client, self.scenario, self.number = client, scenario, next(numbers)
        self.calls, self.capabilities = [], {}
        self.sessions = set()
        self.client.on_request = self.serve
        self.open()

    def name(self, kind, label=""):
        """What the command knows it by."""
        return f"{kind} {self.number} {label}"

    def session(self, step):
        return self.name("session", step.get("in", ""))

    def call(self, method, **params):
        result = self.client.call(method, **params)
        self.sessions |= {result[key] for key in ("session", "branch") if key in result}
        return result

    def close(self):
        """The sessions; what else there is waits for the command's end."""
        for session in self.sessions:
            self.client.call("session_release", session=session)

    def open(self):
        options = dict(self.scenario.get("session", {}))
        if "bridge" in self.scenario:
            options |= self.open_bridge(self.scenario["bridge"])
        if self.scenario.get("promises"):
            self.call("promise_store_open", store=self.name("store"))
        if "pool" in self.scenario:
            pool = self.scenario["pool"] | {"session": options}
            self.call("pool_create", pool=self.name("pool"), options=pool)
            self.call("pool_wait_ready", pool=self.name("pool"))
        else:
            self.call("session_open", session=self.name("session"), options=options)

    def open_bridge(self, given):
        self.call("bridge_create", bridge=self.name("bridge"))
        for capability in given["capabilities"]:
            options = {key: capability[key] for key in ("name", "parameters", "timeout_ms") if key in capability}
            options["flags"] = [flag for key, flag in CAPABILITY_FLAGS.items() if capability.get(key, False) is not False]
            self.call("bridge_register", bridge=self.name("bridge"), capability=options)
            self.capabilities[capability["name"]] = capability
        return {"bridge": self.name("bridge"), "rules": given["rules"]}

    def serve(self, bridge, request):
        """Answers a call, or whether it may be."""
        given = self.capabilities[request["capability"]]
        of = {"bridge": bridge, "request_id": request["request_id"]}
        if request["kind"] == "approval":
            self.client.send_along("bridge_approve", **of, approved=given.get("approve", False))
            return
        self.calls.append([request["capability"], json.loads(request["arguments"])])
        if "fails" in given:
            failure = given["fails"]
            self.client.send_along("bridge_fail", **of, error_type=failure["type"], message=failure["message"])
        elif "chunks" in given:
            for chunk in given["chunks"]:
                self.client.send_along("bridge_send_chunk", **of, value=json_value(chunk))
            self.client.send_along("bridge_respond", **of)
        elif "collects" in given:
            self.client.send_along("bridge_respond", **of, value=json_value(self.pieces(of)))
        elif "echo" in given:
            self.client.send_along("bridge_respond", **of, value={"kind": "json", "data": request["arguments"]})
        elif "returns" in given:
            self.client.send_along("bridge_respond", **of, value=json_value(given["returns"]))

    def pieces(self, of):
        """What the code sends with a call, to the last."""
        found = []
        while True:
            try:
                piece = self.client.call("bridge_next_chunk", **of, timeout_ms=PATIENCE_MS)
            except Refused as refused:
                if refused.status != "CAPSULE_E_END":
                    raise
                return found
            value = piece["value"]
            found.append(value["data"] if value["kind"] == "text" else json.loads(value["data"]))

    def play(self):
        for step in self.scenario["steps"]:
            if "expect" in step:
                self.play_execution(step)
                continue
            status = "CAPSULE_OK"
            try:
                next(action for key, action in ACTIONS.items() if key in step)(self, step)
            except Refused as refused:
                status = refused.status or str(refused)
            check_is("the status", status, step.get("refused", "CAPSULE_OK"))

    def begin(self, step):
        """The name of the execution; None where its promise is settled already."""
        options = {option: step[key] for key, option in EXECUTION_OPTIONS.items() if key in step}
        options["inputs"] = inputs_of(step.get("bind", {}))
        asked = {"session": self.session(step), "source": source_of(step), "options": options}
        if "durable" not in step:
            return self.call("execution_create", **asked)["execution"]
        durable = {"store": self.name("store"), "promise_id": step["durable"]}
        return self.call("session_execute_durable", **asked, durable=durable)["execution"]

    def play_execution(self, step):
        execution = self.begin(step)
        events, answers = [], list(step.get("inputs", []))
        marks = {key: step[key] for key in ("cancel_after", "interrupt_after") if key in step}
        while not events or events[-1]["event"] not in ("result", "error"):
            event = self.client.next_event(execution)
            events.append(as_run_tells(event, lambda: self.state(step)))
            if event["kind"] == "input" and "cancel_after" not in step and "unanswered" not in step:
                self.answer(execution, event, step, answers)
            self.act_on_output(execution, step, events, marks)
        check_is("the answers that were not asked for", answers, [])
        check_is("the texts to act upon that never came", marks, {})
        check(events, step["expect"])

    def state(self, step):
        return self.call("session_get_info", session=self.session(step))["info"]["state"]

    def answer(self, execution, event, step, answers):
        if not answers:
            raise Mismatch(f"an input request too many: {event['prompt']!r}")
        line, of = answers.pop(0), {"execution": execution, "input_id": event["input_id"]}
        if "by_promise" in step:
            state, value = ("rejected", "") if line is None else ("resolved", json.dumps(line))
            self.call("promise_settle", store=self.name("store"), id=event["input_promise"], state=state, value=value)
        elif line is None:
            self.call("execution_decline", **of)
        else:
            self.call("execution_answer", **of, text=line)

    def act_on_output(self, execution, step, events, marks):
        for key, text in list(marks.items()):
            if text in printed(events, "stdout", "stderr"):
                del marks[key]
                if key == "cancel_after":
                    self.call("execution_cancel", execution=execution, grace_ms=step.get("grace_ms", -1))
                else:
                    self.call("execution_interrupt", execution=execution)

    # Steps that make no events

    def execute(self, step):
        execution = self.begin(step)
        check_is("that it was begun", execution is not None, "recorded" not in step)

    def promise(self, step):
        promise = self.call("promise_get", store=self.name("store"), id=step["promise"])["promise"]
        check_is("the promise", promise["state"], step["state"])
        if "json" in step:
            check_is("its value", json.loads(promise["value"]), step["json"])

    def set(self, step):
        value = {"kind": "text", "data": step["text"]} if "text" in step else json_value(step["json"])
        self.call("session_set", session=self.session(step), name=step["set"], value=value, **strategy_of(step))

    def update(self, step):
        self.call("session_update", session=self.session(step), inputs=inputs_of(step["update"]), **strategy_of(step))

    def get(self, step):
        kind = next((kind for kind in ("text", "repr") if kind in step), "json")
        data = self.call("session_get", session=self.session(step), name=step["get"], kind=kind)["value"]["data"]
        check_is("the value", json.loads(data) if kind == "json" else data, step[kind])

    def delete(self, step):
        self.call("session_delete", session=self.session(step), name=step["delete"])

    def snapshot(self, step):
        self.call("session_snapshot", session=self.session(step), snapshot=self.name("snapshot", step["snapshot"]))

    def restore(self, step):
        self.call("session_restore", session=self.session(step), snapshot=self.name("snapshot", step["restore"]))

    def branch(self, step):
        made = self.name("session", step["branch"])
        if "of" in step:
            self.call("snapshot_branch", snapshot=self.name("snapshot", step["of"]), session=made)
        else:
            self.call("session_branch", session=self.session(step), branch=made)

    def keep_checkpoint(self, step):
        options = {"name": step["keep_checkpoint"]}
        made = self.call("session_checkpoint", session=self.session(step), options=options)["checkpoint"]
        self.call("session_keep_checkpoint", session=self.session(step), checkpoint=made)

    def restore_checkpoint(self, step):
        found = self.call("session_find_checkpoint", session=self.session(step), name=step["restore_checkpoint"])["checkpoint"]
        self.call("session_restore_checkpoint", session=self.session(step), checkpoint=found)

    def forget_checkpoint(self, step):
        self.call("session_forget_checkpoint", session=self.session(step), name=step["forget_checkpoint"])

    def restart(self, step):
        self.call("session_restart", session=self.session(step))

    def close_session(self, step):
        self.call("session_close", session=self.session(step), timeout_ms=step["close"])

    def acquire(self, step):
        options = {"timeout_ms": step.get("timeout_ms", PATIENCE_MS)}
        self.call("pool_acquire", pool=self.name("pool"), session=self.name("session", step["acquire"]), options=options)

    def give_back(self, step):
        session = self.name("session", step["give_back"])
        self.call("pool_give_back", pool=self.name("pool"), session=session)
        self.sessions.discard(session)

    def check_calls(self, step):
        check_is("the calls", self.calls, step["calls"])

    def metrics(self, step):
        function, result = METRICS[step["metrics"]]
        of = {"pool": self.name("pool")} if step["metrics"].startswith("pool") else {"session": self.session(step)}
        numbers = self.call(function, **of)[result]
        for name, value in step["fields"].items():
            check_is(name, float(BREAKER.get(numbers[name], numbers[name])), float(value))

    def trace(self, step):
        of_pool = step.get("of") == "pool"
        of = {"pool": self.name("pool")} if of_pool else {"session": self.session(step)}
        function = "pool_get_trace" if of_pool else "session_get_trace"
        events = self.call(function, **of, filter={"kind": step.get("group", 0)})["events"]
        check_is("the trace", [event["kind"] for event in events], step["trace"])


def play(client, scenario):
    player = Player(client, scenario)
    try:
        player.play()
    finally:
        player.close()


def strategy_of(step):
    return {"strategy": step["strategy"]} if "strategy" in step else {}


ACTIONS = {
    "execute": Player.execute, "recorded": Player.execute, "promise": Player.promise, "set": Player.set, "update": Player.update,
    "get": Player.get, "delete": Player.delete, "snapshot": Player.snapshot, "restore": Player.restore, "branch": Player.branch,
    "keep_checkpoint": Player.keep_checkpoint, "restore_checkpoint": Player.restore_checkpoint,
    "forget_checkpoint": Player.forget_checkpoint, "restart": Player.restart, "close": Player.close_session,
    "acquire": Player.acquire, "give_back": Player.give_back, "calls": Player.check_calls, "metrics": Player.metrics,
    "trace": Player.trace,
}  # fmt: skip
