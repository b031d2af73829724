//! Plays tests/scenarios/*.json, the conduct that every binding shares; their README describes the format.

use crate::common::*;
use crate::expectations::{check, same, Check, Played};
use crate::scenario::{pool_options, rule, session_options, Calls, Ended, Host, Keys, Step};
use capsule::*;
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

const STEP_KEYS: &str = "execute file_name traceparent tracestate timeout_ms inputs unanswered cancel_after grace_ms \
    interrupt_after expect restart close refused in set get delete json text repr strategy snapshot restore branch of \
    transaction scope bind result update keep_checkpoint restore_checkpoint forget_checkpoint acquire give_back calls \
    metrics fields trace group idempotency_key durable by_promise recorded promise state";

/// What a scenario has, by the labels it gives.
struct Player<'a> {
    runtime: &'a Runtime,
    main: Option<Session>,
    pool: Option<Pool>,
    store: Option<PromiseStore>,
    calls: Calls,
    snapshots: HashMap<String, Snapshot>,
    sessions: HashMap<String, Session>,
}

fn source_of(source: &Json) -> String {
    let line = |line: &Json| line.as_str().unwrap_or_default().to_owned();
    source.as_array().map_or_else(|| line(source), |lines| lines.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn execution_options(step: &Keys<'_>) -> std::result::Result<ExecutionOptions, String> {
    let kind = step.index("result", "auto json text bytes buffer repr")?;
    Ok(ExecutionOptions {
        file_name: step.text("file_name").to_owned(),
        traceparent: step.text("traceparent").to_owned(),
        tracestate: step.text("tracestate").to_owned(),
        idempotency_key: step.text("idempotency_key").to_owned(),
        timeout_ms: step.number("timeout_ms").unwrap_or(0),
        inputs: step.inputs("bind"),
        result_kind: if step.has("result") { ValueKind(kind) } else { ValueKind::NONE },
        transaction: Transaction(step.index("transaction", "commit rollback_on_failure rollback_always")?),
        transaction_scope: TransactionScope(step.index("scope", "memory names")?),
        ..ExecutionOptions::default()
    })
}

/// Takes events to the end; answers, cancels and interrupts on the way.
fn follow(execution: &Execution, step: &Keys<'_>, store: Option<&PromiseStore>, run: &mut Played<'_>) -> Step {
    let (mut cancel_after, mut interrupt_after) = (step.text("cancel_after"), step.text("interrupt_after"));
    let mut answers = step.list("inputs").iter();
    loop {
        let event = execution.next_within(PATIENCE)?.ok_or_else(|| "the events ended too early".to_owned())?;
        run.events.push(event);
        let event = run.end();
        if event.is_terminal() {
            break;
        }
        if event.kind() == EventKind::INPUT && !step.has("cancel_after") && !step.has("unanswered") {
            let line = answers.next().ok_or_else(|| "one more input request than answers".to_owned())?;
            match (store.filter(|_| step.has("by_promise")), line.as_str()) {
                (Some(store), _) => settle(store, event, line)?,
                (None, Some(text)) => execution.answer(event.input_id(), text)?,
                (None, None) => execution.decline(event.input_id())?,
            }
        }
        if !cancel_after.is_empty() && run.printed(None).contains(cancel_after) {
            cancel_after = "";
            let grace = step.number("grace_ms").filter(|grace| *grace >= 0);
            execution.cancel(grace.map(|grace| Duration::from_millis(grace as u64)))?;
        }
        if !interrupt_after.is_empty() && run.printed(None).contains(interrupt_after) {
            interrupt_after = "";
            execution.interrupt()?;
        }
    }
    if answers.next().is_some() || !cancel_after.is_empty() || !interrupt_after.is_empty() {
        return Err("what was to be answered or acted upon never came".to_owned().into());
    }
    Ok(())
}

// Settles the promise that an input request names, as an answer does.
fn settle(store: &PromiseStore, event: &Event, line: &Json) -> Step {
    let id = event.input_promise().ok_or_else(|| "it names no promise".to_owned())?;
    let settled = match line {
        Json::Null => store.reject(id, b""),
        line => store.resolve(id, line.to_string().as_bytes()),
    };
    Ok(settled.map(|_| ())?)
}

/// A number of a record, by the name of its field.
fn number_in(record: &str, field: &str) -> std::result::Result<f64, String> {
    let (_, rest) =
        record.split_once(&format!(" {field}: ")).ok_or_else(|| format!("no field {field:?} in {record}"))?;
    let text = rest.split([',', '}']).next().unwrap_or_default().trim();
    let text = text.split_once('(').map_or(text, |(_, inner)| inner.trim_end_matches(')'));
    match text {
        "true" => Ok(1.0),
        "false" => Ok(0.0),
        _ => text.parse().map_err(|_| format!("{field} is {text}")),
    }
}

impl Player<'_> {
    fn session(&self, step: &Keys<'_>) -> std::result::Result<&Session, String> {
        let found = if step.has("in") { self.sessions.get(step.text("in")) } else { self.main.as_ref() };
        found.ok_or_else(|| "there is no such session".to_owned())
    }

    fn begin(&self, step: &Keys<'_>, source: &str) -> std::result::Result<Option<Execution>, Ended> {
        let (session, options) = (self.session(step)?, execution_options(step)?);
        if !step.has("durable") {
            return Ok(Some(session.execute(source, &options)?));
        }
        let store = self.store.as_ref().ok_or_else(|| "there is no store".to_owned())?;
        Ok(store.execute(session, source, step.text("durable"), None, &options)?.0)
    }

    fn execute(&self, step: &Keys<'_>) -> Step {
        let begun = self.begin(step, &source_of(&step.0["execute"]))?;
        let execution = begun.ok_or_else(|| "it was recorded before".to_owned())?;
        let mut run = Played { session: self.session(step)?, events: Vec::new() };
        if let Some(expected) = step.get("expect").and_then(Json::as_object) {
            follow(&execution, step, self.store.as_ref(), &mut run)?;
            expected.iter().try_for_each(|(key, want)| check(&run, key, want))?;
        }
        Ok(())
    }

    fn recorded(&self, step: &Keys<'_>) -> Step {
        match self.begin(step, &source_of(&step.0["recorded"]))? {
            Some(_) => Err("it was not recorded before".to_owned().into()),
            None => Ok(()),
        }
    }

    fn promise(&self, step: &Keys<'_>) -> Step {
        let store = self.store.as_ref().ok_or_else(|| "there is no store".to_owned())?;
        let promise = store.get(step.text("promise"))?;
        same(promise.state.to_string(), &step.0["state"])?;
        if let Some(want) = step.get("json") {
            same(serde_json::from_str::<Json>(promise.text()?).map_err(|error| error.to_string())?, want)?;
        }
        Ok(())
    }

    fn values(&self, step: &Keys<'_>) -> Step {
        let (session, limit) = (self.session(step)?, Some(PATIENCE));
        let strategy = SetStrategy(step.index("strategy", "overwrite keep conflict")?);
        if step.has("update") {
            session.update(&step.inputs("update"), strategy, limit)?;
        } else if step.has("delete") {
            session.delete(step.text("delete"), limit)?;
        } else if step.has("set") {
            let text = || Value::text(step.text("text"));
            let value = step.get("json").map_or_else(text, |json| Value::json(json.to_string()));
            session.set(step.text("set"), &value, strategy, limit)?;
        } else {
            let kinds = [("text", ValueKind::TEXT), ("repr", ValueKind::REPR), ("json", ValueKind::JSON)];
            let (key, kind) = kinds.into_iter().find(|(key, _)| step.has(key)).unwrap_or(("json", ValueKind::JSON));
            let value = session.get(step.text("get"), kind, limit)?;
            let got = if kind == ValueKind::JSON {
                serde_json::from_str(value.as_str()).map_err(|error| error.to_string())?
            } else {
                Json::from(value.as_str())
            };
            same(got, step.get(key).unwrap_or(&Json::Null))?;
        }
        Ok(())
    }

    fn copies(&mut self, step: &Keys<'_>) -> Step {
        let limit = Some(PATIENCE);
        if step.has("snapshot") {
            let taken = self.session(step)?.snapshot(limit)?;
            self.snapshots.insert(step.text("snapshot").to_owned(), taken);
        } else if step.has("restore") {
            let snapshot = self.snapshots.get(step.text("restore")).ok_or_else(|| "no snapshot".to_owned())?;
            self.session(step)?.restore(snapshot, limit)?;
        } else {
            let branch = match self.snapshots.get(step.text("of")) {
                Some(snapshot) => snapshot.branch(limit)?,
                None => self.session(step)?.branch(limit)?,
            };
            self.sessions.insert(step.text("branch").to_owned(), branch);
        }
        Ok(())
    }

    fn checkpoints(&self, step: &Keys<'_>) -> Step {
        let session = self.session(step)?;
        if step.has("keep_checkpoint") {
            let name = step.text("keep_checkpoint").to_owned();
            let options = CheckpointOptions { name, ..CheckpointOptions::default() };
            session.keep_checkpoint(&session.checkpoint(&options, Some(PATIENCE))?)?;
        } else if step.has("forget_checkpoint") {
            session.forget_checkpoint(step.text("forget_checkpoint"))?;
        } else {
            let found = session.find_checkpoint(step.text("restore_checkpoint"))?;
            session.restore_checkpoint(&found, RestoreFlags::default(), Some(PATIENCE))?;
        }
        Ok(())
    }

    fn pooled(&mut self, step: &Keys<'_>) -> Step {
        let pool = self.pool.as_ref().ok_or_else(|| "there is no pool".to_owned())?;
        if step.has("give_back") {
            let session = self.sessions.remove(step.text("give_back")).ok_or_else(|| "no such session".to_owned())?;
            return pool.give_back(session).map_err(|(error, _)| error.into());
        }
        let timeout_ms = step.number("timeout_ms").unwrap_or(PATIENCE.as_millis() as i64);
        let session = pool.acquire(&AcquireOptions { timeout_ms, ..AcquireOptions::default() })?;
        self.sessions.insert(step.text("acquire").to_owned(), session);
        Ok(())
    }

    fn record(&self, step: &Keys<'_>) -> std::result::Result<String, Ended> {
        let pool = || self.pool.as_ref().ok_or_else(|| "there is no pool".to_owned());
        Ok(match step.text("metrics") {
            "runtime" => format!("{:?}", self.runtime.info()?),
            "pool" => format!("{:?}", pool()?.metrics()?),
            "pool_info" => format!("{:?}", pool()?.info()?),
            "session" => format!("{:?}", self.session(step)?.info()?),
            "executor" => format!("{:?}", self.session(step)?.executor_metrics()?),
            "async" => format!("{:?}", self.session(step)?.async_metrics()?),
            "limiter" => format!("{:?}", self.session(step)?.limiter_metrics()?),
            "bridge" => format!("{:?}", self.session(step)?.bridge_metrics()?),
            other => return Err(format!("unknown metrics {other:?}").into()),
        })
    }

    fn diagnostics(&self, step: &Keys<'_>) -> Step {
        if step.has("calls") {
            let calls = self.calls.lock().expect("the lock").clone();
            same(calls, &step.0["calls"])?;
        } else if step.has("metrics") {
            let record = self.record(step)?;
            for (field, want) in step.get("fields").and_then(Json::as_object).into_iter().flatten() {
                let got = number_in(&record, field)?;
                if Some(got) != want.as_f64() {
                    return Err(format!("{field} is {got}, not {want}").into());
                }
            }
        } else {
            let kind = TraceKind(step.number("group").unwrap_or(0) as i32);
            let filter = TraceFilter { kind, ..TraceFilter::default() };
            let (events, _) = match (step.text("of"), &self.pool) {
                ("pool", Some(pool)) => pool.trace(&filter)?,
                _ => self.session(step)?.trace(&filter)?,
            };
            same(events.iter().map(|event| event.kind.to_string()).collect::<Json>(), &step.0["trace"])?;
        }
        Ok(())
    }

    fn attempt(&mut self, step: &Keys<'_>) -> Step {
        let has = |keys: &[&str]| keys.iter().any(|key| step.has(key));
        if has(&["execute"]) {
            self.execute(step)
        } else if has(&["recorded"]) {
            self.recorded(step)
        } else if has(&["promise"]) {
            self.promise(step)
        } else if has(&["set", "update", "get", "delete"]) {
            self.values(step)
        } else if has(&["snapshot", "restore", "branch"]) {
            self.copies(step)
        } else if has(&["keep_checkpoint", "restore_checkpoint", "forget_checkpoint"]) {
            self.checkpoints(step)
        } else if has(&["acquire", "give_back"]) {
            self.pooled(step)
        } else if has(&["calls", "metrics", "trace"]) {
            self.diagnostics(step)
        } else if has(&["restart"]) {
            Ok(self.session(step)?.restart()?)
        } else if let Some(grace) = step.number("close") {
            Ok(self.session(step)?.close(Duration::from_millis(grace as u64))?)
        } else {
            Err("a step without an action".to_owned().into())
        }
    }

    fn play(&mut self, step: &Json) -> Check {
        let step = Keys::of(step, STEP_KEYS)?;
        let wanted = if step.has("refused") { step.text("refused") } else { "CAPSULE_OK" };
        match self.attempt(&step) {
            Err(Ended::Failed(reason)) => Err(reason),
            Err(Ended::Refused(error)) if error.status().to_string() == wanted => Ok(()),
            Err(Ended::Refused(error)) => Err(format!("it was refused with {}: {error}", error.status())),
            Ok(()) if wanted == "CAPSULE_OK" => Ok(()),
            Ok(()) => Err(format!("it was not refused with {wanted}")),
        }
    }
}

fn play_file(runtime: &Runtime, file: &Path) -> Check {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let scenario: Json = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let keys = Keys::of(&scenario, "name session pool bridge promises steps")?;
    let mut options = session_options(keys.get("session").unwrap_or(&serde_json::json!({})))?;
    let told = |ended| match ended {
        Ended::Failed(reason) => reason,
        Ended::Refused(error) => error.to_string(),
    };
    let given = match keys.get("bridge") {
        Some(given) => Keys::of(given, "capabilities rules")?,
        None => return play(runtime, &keys, options, Calls::default()),
    };
    let host = Host::new(runtime, given.list("capabilities")).map_err(told)?;
    options.bridge = Some(host.bridge.clone());
    options.rules = given.list("rules").iter().map(rule).collect::<std::result::Result<_, _>>()?;
    thread::scope(|scope| {
        let serves = scope.spawn(|| host.serve());
        let played = play(runtime, &keys, options, host.calls.clone());
        // The host serves as long as there is a session that calls.
        host.bridge.close().map_err(|error| error.to_string())?;
        let served = serves.join().expect("the thread").map_err(|error| error.to_string());
        played.and(served)
    })
}

fn play(runtime: &Runtime, keys: &Keys<'_>, options: SessionOptions, calls: Calls) -> Check {
    let text = |error: Error| error.to_string();
    let (mut main, mut pool) = (None, None);
    if let Some(given) = keys.get("pool") {
        let opened = runtime.open_pool(&pool_options(given, options)?).map_err(text)?;
        opened.wait_ready(Some(PATIENCE)).map_err(text)?;
        pool = Some(opened);
    } else {
        main = Some(runtime.open(&options).map_err(text)?);
    }
    let store = keys.is("promises").then(|| runtime.open_promises(&Default::default())).transpose().map_err(text)?;
    let (snapshots, sessions) = Default::default();
    let mut player = Player { runtime, main, pool, store, calls, snapshots, sessions };
    keys.list("steps")
        .iter()
        .enumerate()
        .try_for_each(|(at, step)| player.play(step).map_err(|reason| format!("step {}: {reason}", at + 1)))
}

/// For the table of scenarios and bindings that is printed at the end of all tests.
fn write(outcomes: &BTreeMap<String, String>) {
    if let Some(folder) = std::env::var_os("CAPSULE_CONFORMANCE_DIR") {
        let table: BTreeMap<_, _> =
            outcomes.iter().map(|(name, outcome)| (name, if outcome == "ok" { "ok" } else { "failed" })).collect();
        std::fs::create_dir_all(&folder).expect("a folder");
        let text = serde_json::to_string_pretty(&table).expect("JSON");
        std::fs::write(Path::new(&folder).join("rust.json"), text + "\n").expect("a file");
    }
}

#[test]
fn every_scenario_plays_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/scenarios");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("the scenarios").map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().map_or(false, |extension| extension == "json"));
    assert!(files.len() >= 120, "{} scenarios", files.len());
    let runtime = runtime();
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = play_file(&runtime, file).map_or_else(|reason| reason, |()| "ok".to_owned());
                    let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
                    outcomes.lock().expect("the lock").insert(name, outcome);
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().expect("the lock");
    write(&outcomes);
    let failed: Vec<_> = outcomes.iter().filter(|(_, outcome)| *outcome != "ok").collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
