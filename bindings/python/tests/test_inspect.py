"""Metrics, looks by policy, the audit trail, profiles and exporters: each against a worker that does what is asserted."""

from __future__ import annotations

import contextlib
import gc
import json
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

import capsule
from capsule import diagnostics
from capsule import _generated as raw
from capsule._call import owned

FULL, OFF = capsule.InspectLevel.FULL, capsule.InspectLevel.OFF


def test_metrics_of_a_worker(runtime: capsule.Runtime, session: capsule.Session) -> None:
    before = diagnostics.get_transport_metrics(session)
    session.run("1")
    after = diagnostics.get_transport_metrics(session)
    kinds = [name.decode() if (name := raw.capsule_message_name(at)) else "" for at in range(64)]
    execute = kinds.index("Execute")
    assert after.sent.messages[execute] - before.sent.messages[execute] == 1 and sum(after.rejected) == 0
    worker = diagnostics.get_worker_metrics(session)
    assert worker.pid == session.info.pid and worker.heartbeat_interval_ms == 5000
    info = diagnostics.get_worker_info(session)
    version = session.run("import platform; platform.python_version()").value
    assert (info.pid, info.python_version) == (worker.pid, version) and "process" in info.isolation.split(",")
    with pytest.raises(capsule.CapsuleError, match="enable_metrics") as raised:
        diagnostics.get_cancel_metrics(session)
    assert raised.value.status == capsule.Status.STATE
    with runtime.open(executor=capsule.Executor.ECHO, enable_metrics=True) as counted:
        with counted.execute("input in") as execution:
            next(event for event in execution if isinstance(event, capsule.Input))
            execution.cancel()
            execution.collect()
        cancels = diagnostics.get_cancel_metrics(counted)
        assert (cancels.triggers, cancels.executions_canceled, cancels.waits_interrupted) == (1, 1, 0)


def test_metrics_of_a_runtime() -> None:
    with capsule.Runtime() as runtime, runtime.open_bridge() as bridge:
        bridge.offer(lambda: 1, "ones")
        bridge.serve_in_threads(1)
        rules = [capsule.Rule("ones")]
        with runtime.open(bridge=bridge, rules=rules, executor=capsule.Executor.ECHO) as session:
            session.run("call ones {}")
            session.run("call ones {}")
            session.run("call twos {}")
        rows = {row.capability: row for row in diagnostics.list_capability_metrics(bridge)}
        assert (rows["ones"].ok, rows["ones"].denied, rows["unknown"].ok) == (2, 0, 0)
        assert sum(rows["ones"].resolution_buckets) == 2
        metrics = diagnostics.get_runtime_metrics(runtime)
        assert (metrics.sessions_closed, metrics.sessions_killed, metrics.start_fork.count + metrics.start_spawn.count) == (1, 0, 1)
        lines = diagnostics.get_prometheus(runtime).splitlines()
        assert 'capsule_sessions_ended_total{pool="none",reason="closed"} 1' in lines


def test_metrics_of_what_was_released_are_not_had() -> None:
    with capsule.Runtime() as runtime, runtime.open_bridge() as bridge:
        session = runtime.open(executor=capsule.Executor.ECHO, enable_metrics=True)
        session.close()
        ends: list[tuple[Callable[..., object], capsule.Session | capsule.Bridge | capsule.Runtime]] = [
            (diagnostics.get_worker_metrics, session),
            (diagnostics.get_worker_info, session),
            (diagnostics.get_transport_metrics, session),
            (diagnostics.get_cancel_metrics, session),
            (diagnostics.list_capability_metrics, bridge),
            (diagnostics.inspect_pending, bridge),
            (diagnostics.get_runtime_metrics, runtime),
            (diagnostics.get_prometheus, runtime),
            (diagnostics.get_audit_info, runtime),
        ]
        for told, of in ends:
            told(of)  # Of what is closed too.
        bridge.release()
        session.release()
    runtime.release()
    for told, of in ends:
        with pytest.raises(capsule.ClosedError):
            told(of)


def test_looks_are_answered_as_the_policy_says() -> None:
    with capsule.Runtime() as runtime, runtime.open() as session:
        session.run("answer = 42\ndef ask():\n    return input('in')")
        counted = diagnostics.inspect_namespace(session, timeout_ms=60_000)
        assert (counted.level, counted.rows, counted.functions) == (capsule.InspectLevel.COUNTS, [], 1)
        assert counted.answered_by is capsule.AnsweredBy.WORKER
        looks: dict[str, Callable[..., object]] = {
            "namespace": diagnostics.inspect_namespace,
            "execution": diagnostics.inspect_execution,
            "isolation": diagnostics.inspect_isolation,
            "stack": diagnostics.inspect_stack,
        }
        for look in looks.values():
            refused(lambda: look(session, level=FULL))
        runtime.set_introspection_policy(namespace_summary=FULL, execution=FULL, isolation=FULL, stack=FULL, max_label_bytes=1024)
        named = diagnostics.inspect_namespace(session, timeout_ms=60_000, max_rows=1)
        assert [row.name.text for row in named.rows] == ["answer"] and (named.rows[0].type_name.text, named.left_out) == ("int", 1)
        layers = {row.name: row for row in diagnostics.inspect_isolation(session).rows}
        assert layers["process"].state is capsule.LayerState.ACTIVE and layers["process"].reason
        with session.execute("ask()") as execution:
            request = next(event for event in execution if isinstance(event, capsule.Input))
            status = diagnostics.inspect_execution(session, level=FULL)
            assert (status.waits_for, status.execution_id, status.open_inputs) == (capsule.WaitsFor.INPUT, execution.id, 1)
            stack = diagnostics.inspect_stack(session, max_frames=1)
            assert [(frame.function, frame.line) for frame in stack.threads[0].frames] == [("ask", 3)]
            execution.answer(request, "x")
        diagnostics.narrow_introspection(session, execution=OFF)
        refused(lambda: diagnostics.inspect_execution(session))
        session.release()
        for look in looks.values():
            with pytest.raises(capsule.ClosedError):
                look(session)


def refused(look: Callable[[], object]) -> None:
    with pytest.raises(capsule.CapsuleError, match="policy") as raised:
        look()
    assert raised.value.status == capsule.Status.DENIED


def test_an_answer_is_released_also_when_reading_it_fails(echo: capsule.Session) -> None:
    of = raw.capsule_isolation_report_release, raw.capsule_isolation_report, raw.capsule_session_inspect_isolation
    with pytest.raises(ValueError), owned(*of, echo.handle, None) as report:
        assert report.storage and report.count > 0
        raise ValueError
    assert not report.storage and report.count == 0


def test_looks_at_what_is_pending_and_at_pools() -> None:
    with capsule.Runtime() as runtime, runtime.open_bridge() as bridge, runtime.open_promises() as store:
        bridge.offer(lambda: 1, "customers")
        store.create("p-1")
        refused(lambda: diagnostics.inspect_pending(bridge, level=FULL))
        refused(lambda: diagnostics.inspect_pending(store, level=FULL))
        runtime.set_introspection_policy(promises=FULL, pool=FULL)
        rules = [capsule.Rule("*")]
        with runtime.open(bridge=bridge, rules=rules, executor=capsule.Executor.ECHO) as session:
            with session.execute("call customers {}") as execution:
                request = bridge.next_request()
                assert request is not None
                (row,) = diagnostics.inspect_pending(bridge).rows
                assert (row.kind, row.name.text, row.request_id) == (capsule.PendingKind.CALL, "customers", request.request_id)
                bridge.respond(request, 1)
                execution.collect()
        (promise,) = diagnostics.inspect_pending(store).rows
        assert (promise.kind, promise.name.text) == (capsule.PendingKind.PROMISE, "p-1")
        with runtime.open_pool(min_idle=1, max_sessions=1, session={"executor": capsule.Executor.ECHO}) as pool:
            pool.wait_ready(60)
            found = diagnostics.inspect_pool(pool)
            assert (found.info.sessions_idle, found.summary.total) == (1, 1)
            assert found.summary.rows == diagnostics.list_pool_sessions(pool)
            runtime.set_introspection_policy(pool=OFF)
            refused(lambda: diagnostics.inspect_pool(pool))


def test_a_reader_says_why_it_reads_no_further() -> None:
    with capsule.Runtime() as runtime, runtime.open(executor=capsule.Executor.ECHO) as session:
        session.run("value 1")
        with diagnostics.follow_trace(session) as reader:
            assert reader.next(30) is not None
            runtime.set_introspection_policy(trace=OFF)
            refused(lambda: [reader.next(0) for _ in range(1000)])


def test_every_look_tells_who_looked() -> None:
    with capsule.Runtime() as runtime, runtime.open(executor=capsule.Executor.ECHO) as session:

        def last() -> tuple[str, str]:
            record = diagnostics.list_audit(runtime)[-1]
            return record.call, record.caller

        session.run("kill")
        diagnostics.get_trace(session, caller="nightly check")
        assert last() == ("trace", "nightly check")
        diagnostics.follow_trace(session, caller="nightly check").close()
        assert last() == ("trace", "nightly check")
        diagnostics.get_postmortem(session)
        assert last() == ("postmortem", "")
        assert diagnostics.inspect_postmortem(session, caller="nightly check") is not None
        assert last() == ("postmortem", "nightly check")
        diagnostics.inspect_trace_label(session, 1, caller="nightly check")
        assert last() == ("trace", "nightly check")
        with contextlib.suppress(capsule.CapsuleError):  # there is no Python, and the record says so
            diagnostics.profile(session, caller="nightly check").close()
        assert last() == ("stack", "nightly check")
        refused(lambda: diagnostics.inspect_postmortem(session, level=FULL))
        refused(lambda: diagnostics.inspect_trace_label(session, 1, level=FULL))


def test_an_audit_trail_tells_who_looked_and_shows_tampering(tmp_path: Path) -> None:
    path = tmp_path / "audit"
    with capsule.Runtime() as runtime, runtime.open(executor=capsule.Executor.ECHO) as session:
        diagnostics.set_audit(runtime, path=str(path), key=b"\xffkey")
        diagnostics.inspect_execution(session, caller="nightly check")
        refused(lambda: diagnostics.inspect_execution(session, level=FULL))
        records = diagnostics.list_audit(runtime)
        assert [record.decision for record in records] == [capsule.AuditDecision.START, capsule.AuditDecision.ALLOWED, capsule.AuditDecision.DENIED]
        assert (records[1].caller, records[1].call) == ("nightly check", "execution")
        assert [record.number for record in diagnostics.list_audit(runtime, records[1].sequence)] == [2]
        info = diagnostics.get_audit_info(runtime)
        assert (info.allowed, info.denied, info.number) == (1, 1, 2)
        head = info.head
        with pytest.raises(capsule.CapsuleError) as raised:
            diagnostics.set_audit(runtime, path=str(tmp_path / "nowhere" / "audit"))
        assert raised.value.status == capsule.Status.SYSTEM
    report = diagnostics.verify_audit(path=str(path), key=b"\xffkey", head=head)
    assert (report.verdict, report.records, report.chains) == (capsule.Verdict.VERIFIED, 3, 1)
    altered = path.read_bytes().replace(b"nightly", b"monthly")
    broken = diagnostics.verify_audit(data=altered, key=b"\xffkey", head=head)
    assert (broken.verdict, broken.line) == (capsule.Verdict.BROKEN, 2) and broken.reason
    with pytest.raises(capsule.CapsuleError) as raised:
        diagnostics.verify_audit(path=str(tmp_path / "nothing"))
    assert raised.value.status == capsule.Status.SYSTEM
    runtime.release()
    with pytest.raises(capsule.ClosedError):
        diagnostics.list_audit(runtime)


def test_a_profile_counts_where_code_is() -> None:
    with capsule.Runtime() as runtime, runtime.open() as session:
        runtime.set_introspection_policy(stack=FULL)
        with session.execute("def ask():\n    return input('in')\nask()") as execution:
            request = next(event for event in execution if isinstance(event, capsule.Input))
            with diagnostics.profile(session, rate_hz=1000, duration_ms=100, threads=capsule.ProfileThreads.ALL) as profile:
                with pytest.raises(capsule.BusyError):
                    profile.collapsed()
                profile.wait(60)
                assert not profile.info.is_running and profile.info.samples > 0
                (line,) = [line for line in profile.collapsed().splitlines() if ";ask (" in line]
                assert line.startswith("main;") and int(line.rsplit(" ", 1)[1]) <= profile.info.samples
            with diagnostics.profile(session) as endless:
                with pytest.raises(capsule.TimeoutError):
                    endless.wait(0.001)
                endless.stop()
                endless.wait(60)
            execution.answer(request, "x")
        with pytest.raises(capsule.ClosedError):
            profile.collapsed()
        runtime.set_introspection_policy(stack=OFF)
        refused(lambda: diagnostics.profile(session))


def test_an_exporter_writes_a_file(tmp_path: Path) -> None:
    with capsule.Runtime() as runtime:
        path = str(tmp_path / "events")
        with diagnostics.Exporter(runtime, kind=capsule.ExporterKind.NDJSON, path=path) as exporter:
            with runtime.open(executor=capsule.Executor.ECHO) as session:
                session.run("out a")
            exporter.flush(60)
            assert exporter.info.sent == exporter.info.accepted > 0
        assert exporter.info.closed
        kinds = [json.loads(line)["kind"] for line in Path(path).read_text().splitlines()]
        assert kinds.count("execution_finished") == 1
        exporter.release()
        with pytest.raises(capsule.ClosedError):
            exporter.flush()
        with pytest.raises(capsule.CapsuleError) as raised:
            diagnostics.Exporter(runtime, kind=capsule.ExporterKind.CHROME, path=str(tmp_path / "nowhere" / "events"))
        assert raised.value.status == capsule.Status.SYSTEM


def test_an_exporter_calls_a_function() -> None:
    groups: list[capsule.ExportGroup] = []

    def take(batch: list[capsule.ExportGroup]) -> None:
        groups.extend(batch)
        if any(group.execution_id == 2 for group in batch):
            raise ValueError("full")

    with capsule.Runtime() as runtime, diagnostics.Exporter(runtime, take, name="of the test") as exporter:
        with runtime.open(executor=capsule.Executor.ECHO) as session:
            for _ in range(2):
                session.run("out a")
                exporter.flush(60)
        exporter.flush(60)
        (group,) = [group for group in groups if group.execution_id == 1]
        assert (group.session_id, group.outcome) == (session.info.session_id, capsule.Outcome.OK)
        assert capsule.TraceKind.EXECUTION_FINISHED in {event.kind for event in group.events}
        assert isinstance(exporter.error, ValueError) and exporter.info.batches_failed == 1
        # One that is forgotten is let go of.
        forgotten = diagnostics.Exporter(runtime, take)
        gone = weakref.ref(forgotten)
        del forgotten
        gc.collect()
        assert gone() is None
