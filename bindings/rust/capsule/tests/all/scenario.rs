//! The files of scenarios as they are written: keys, and the options that they stand for.

use capsule::*;
use serde_json::{json, Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

type Object = Map<String, Json>;

/// Why a step did not do what it should, or the status with which it was refused.
pub enum Ended {
    Refused(Error),
    Failed(String),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Ended::Refused(error)
    }
}

impl From<String> for Ended {
    fn from(reason: String) -> Self {
        Ended::Failed(reason)
    }
}

pub type Step = std::result::Result<(), Ended>;

/// An object of the file, whose keys are all known.
pub struct Keys<'a>(pub &'a Object);

impl<'a> Keys<'a> {
    pub fn of(object: &'a Json, known: &str) -> std::result::Result<Self, String> {
        let object = object.as_object().ok_or("no object")?;
        let unknown = object.keys().find(|key| !known.split_whitespace().any(|one| one == *key));
        unknown.map_or(Ok(Keys(object)), |key| Err(format!("an unknown key {key:?}")))
    }

    pub fn get(&self, key: &str) -> Option<&'a Json> {
        self.0.get(key)
    }

    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    pub fn text(&self, key: &str) -> &'a str {
        self.get(key).and_then(Json::as_str).unwrap_or_default()
    }

    pub fn number(&self, key: &str) -> Option<i64> {
        self.get(key).and_then(Json::as_i64)
    }

    /// True, or 1.
    pub fn is(&self, key: &str) -> bool {
        self.get(key).map_or(false, |value| value == true || value == 1)
    }

    pub fn list(&self, key: &str) -> &'a [Json] {
        self.get(key).and_then(Json::as_array).map_or(&[], Vec::as_slice)
    }

    /// The number of the key's name in a list of them; that of the first where it is not given.
    pub fn index(&self, key: &str, names: &str) -> std::result::Result<i32, String> {
        let name = self.text(key);
        let at = names.split_whitespace().position(|one| one == name);
        match at {
            Some(at) => Ok(at as i32),
            None if name.is_empty() => Ok(0),
            None => Err(format!("an unknown name {name:?}")),
        }
    }

    pub fn inputs(&self, key: &str) -> Vec<Input> {
        let object = self.get(key).and_then(Json::as_object);
        let input =
            |(name, value): (&String, &Json)| Input { name: name.clone(), value: Value::json(value.to_string()) };
        object.map_or_else(Vec::new, |object| object.iter().map(input).collect())
    }
}

const SESSION_KEYS: &str = "cancel_grace_ms queue_limit environment input_timeout_ms output_budget_bytes \
    coalesce_carriage_returns progress_rate_per_s display_limit_bytes snapshot_limit checkpoint_limit restart_policy executor enable_metrics \
    rate_limit_per_s rate_limit_burst";

pub fn session_options(given: &Json) -> std::result::Result<SessionOptions, String> {
    let keys = Keys::of(given, SESSION_KEYS)?;
    let mut options = SessionOptions::default();
    let set = |field: &mut i64, key| *field = keys.number(key).unwrap_or(*field);
    let set_u32 = |field: &mut u32, key| *field = keys.number(key).map_or(*field, |number| number as u32);
    let set_u64 = |field: &mut u64, key| *field = keys.number(key).map_or(*field, |number| number as u64);
    set(&mut options.cancel_grace_ms, "cancel_grace_ms");
    set(&mut options.input_timeout_ms, "input_timeout_ms");
    set_u32(&mut options.queue_limit, "queue_limit");
    set_u32(&mut options.snapshot_limit, "snapshot_limit");
    set_u32(&mut options.checkpoint_limit, "checkpoint_limit");
    set_u64(&mut options.output_budget_bytes, "output_budget_bytes");
    set_u64(&mut options.display_limit_bytes, "display_limit_bytes");
    set_u32(&mut options.rate_limit_burst, "rate_limit_burst");
    options.coalesce_carriage_returns = keys.is("coalesce_carriage_returns");
    options.enable_metrics = keys.is("enable_metrics");
    let set_f64 = |field: &mut f64, key| *field = keys.get(key).and_then(Json::as_f64).unwrap_or(*field);
    set_f64(&mut options.progress_rate_per_s, "progress_rate_per_s");
    set_f64(&mut options.rate_limit_per_s, "rate_limit_per_s");
    options.environment = keys.list("environment").iter().filter_map(Json::as_str).map(str::to_owned).collect();
    options.restart_policy = RestartPolicy(keys.index("restart_policy", "manual fresh snapshot checkpoint")?);
    options.executor = Executor(keys.index("executor", "python echo")?);
    Ok(options)
}

pub fn pool_options(given: &Json, session: SessionOptions) -> std::result::Result<PoolOptions, String> {
    let keys = Keys::of(given, "min_idle max_sessions warmup imports imports_fatal recycle_executions reset")?;
    let defaults = PoolOptions::default();
    Ok(PoolOptions {
        min_idle: keys.number("min_idle").map_or(defaults.min_idle, |number| number as u32),
        max_sessions: keys.number("max_sessions").map_or(defaults.max_sessions, |number| number as u32),
        warmup: keys.text("warmup").to_owned(),
        imports: keys.list("imports").iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        imports_fatal: keys.is("imports_fatal"),
        recycle_executions: keys
            .number("recycle_executions")
            .map_or(defaults.recycle_executions, |number| number as u64),
        reset: PoolReset(keys.index("reset", "pristine keep clear_names new_process")?),
        session: Some(session),
        ..defaults
    })
}

/// What the host was called with: names and arguments.
pub type Calls = Arc<Mutex<Vec<Json>>>;

/// Functions of the host, as the scenario has them.
pub struct Host {
    pub bridge: Bridge,
    given: BTreeMap<String, Json>,
    pub calls: Calls,
}

impl Host {
    pub fn new(runtime: &Runtime, capabilities: &[Json]) -> std::result::Result<Self, Ended> {
        let bridge = runtime.open_bridge(&BridgeOptions::default())?;
        let mut given = BTreeMap::new();
        for one in capabilities {
            let known = "name parameters timeout_ms idempotent needs_approval returns echo fails chunks collects silent approve";
            let keys = Keys::of(one, known)?;
            let mut capability = Capability { name: keys.text("name").to_owned(), ..Capability::default() };
            capability.parameters = keys.text("parameters").to_owned();
            capability.timeout_ms = keys.number("timeout_ms").unwrap_or(capability.timeout_ms);
            let flag = |wanted, flag: CapabilityFlags| if wanted { flag.0 } else { 0 };
            let flags = flag(keys.is("idempotent"), CapabilityFlags::IDEMPOTENT)
                | flag(keys.is("needs_approval"), CapabilityFlags::NEEDS_APPROVAL)
                | flag(keys.has("chunks"), CapabilityFlags::STREAM)
                | flag(keys.is("collects"), CapabilityFlags::UPLOAD);
            capability.flags = CapabilityFlags(flags);
            bridge.register(&capability, |_| Ok(None))?; // Calls are taken one by one below.
            given.insert(capability.name, one.clone());
        }
        Ok(Host { bridge, given, calls: Calls::default() })
    }

    /// Until the bridge is closed.
    pub fn serve(&self) -> Result<()> {
        while let Some(call) = self.bridge.take_call()? {
            let given = &self.given[call.capability()];
            if call.kind() == RequestKind::APPROVAL {
                self.bridge.permit(call.request_id(), given["approve"] == true)?;
            } else if call.kind() == RequestKind::CALL {
                self.answer(&call, given)?;
            }
        }
        Ok(())
    }

    fn answer(&self, call: &Call<'_>, given: &Json) -> Result<()> {
        let arguments: Json = serde_json::from_str(call.arguments()).expect("JSON");
        self.calls.lock().expect("the lock").push(json!([call.capability(), arguments]));
        let json = |value: &Json| Ok(Some(Value::json(value.to_string())));
        let answer = if given["silent"] == true {
            return Ok(());
        } else if let Some(fails) = given["fails"].as_object() {
            let text = |key| fails.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
            Err(PythonError { type_name: text("type"), message: text("message") })
        } else if let Some(chunks) = given["chunks"].as_array() {
            chunks.iter().try_for_each(|chunk| call.send(&Value::json(chunk.to_string())))?;
            Ok(None)
        } else if given["collects"] == true {
            let mut pieces = Vec::new();
            while let Some(piece) = call.receive()? {
                pieces.push(match piece.kind {
                    ValueKind::TEXT => String::from_utf8(piece.data).expect("a text").into(),
                    _ => serde_json::from_slice::<Json>(&piece.data).expect("JSON"),
                });
            }
            json(&pieces.into())
        } else {
            json(if given["echo"] == true { &arguments } else { &given["returns"] })
        };
        self.bridge.settle(call.request_id(), answer)
    }
}

pub fn rule(given: &Json) -> std::result::Result<Rule, String> {
    let keys = Keys::of(given, "capability decision max_calls")?;
    Ok(Rule {
        capability: keys.text("capability").to_owned(),
        decision: Decision(keys.index("decision", "deny ask allow")?),
        max_calls: keys.number("max_calls").unwrap_or(0) as u64,
        ..Rule::default()
    })
}
