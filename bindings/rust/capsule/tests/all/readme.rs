//! What README.md shows in parts, so that it compiles; abi.readme_examples compares the two.
#![allow(dead_code, unused_variables, clippy::all)]

use capsule::*;

#[rustfmt::skip]
fn calls(runtime: &Runtime) -> std::result::Result<SessionOptions, Box<dyn std::error::Error>> {
    let bridge = runtime.open_bridge(&Default::default())?;
    bridge.handle("double", "x", |call| {
        let arguments: serde_json::Value = serde_json::from_str(call.arguments())?;
        Ok(Some(Value::json((arguments["x"].as_f64().unwrap_or(0.0) * 2.0).to_string())))
    })?;
    let all = Rule { capability: "*".into(), decision: Decision::ALLOW, ..Default::default() };
    let options = SessionOptions { bridge: Some(bridge.clone()), rules: vec![all], ..Default::default() };
    std::thread::spawn(move || bridge.serve());
    Ok(options)
}

#[rustfmt::skip]
fn promises(runtime: &Runtime, session: &Session, source: &str) -> Result<()> {
    let store = runtime.open_promises(&Default::default())?;
    store.create(&PromiseWish { id: "approval-17".into(), ..Default::default() })?; // wait; or watch, and next or settled()
    let (execution, promise) = store.execute(&session, source, "invoice-2026-11", None, &Default::default())?; // None where it has run
    for event in session.follow_trace(&Default::default())?.events() {}
    let postmortem = session.postmortem(0)?;
    let stack = session.stack(&Default::default())?; // where its Python code stands; of a death, postmortem.stack
    Ok(())
}

#[rustfmt::skip]
fn diagnostics(runtime: &Runtime, session: &Session) -> capsule::Result<()> {
    let metrics = session.worker_metrics()?; // also transport_metrics, cancel_metrics, worker_info; runtime.metrics; bridge.capability_metrics
    let text = runtime.prometheus()?;
    let status = session.inspect_execution(&Default::default())?; // also inspect_stack, _namespace, _isolation, _pending; pool.inspect
    let records = runtime.list_audit(0)?; // set_audit, audit_info; verify_audit checks the file
    let profile = session.profile(&Default::default())?; // wait or stop, then collapsed
    let options = ExporterOptions { kind: ExporterKind::NDJSON, path: "events.ndjson".into(), ..Default::default() };
    let exporter = runtime.open_exporter(&options)?; // or export_to a function; flush, close
    Ok(())
}
