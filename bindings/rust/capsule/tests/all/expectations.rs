//! What a step expects of its execution.

use capsule::{Event, EventKind, Session, Stream};
use serde_json::{json, Value as Json};

pub type Check = Result<(), String>;

/// One execution and all that it told.
pub struct Played<'a> {
    pub session: &'a Session,
    pub events: Vec<Event>,
}

impl Played<'_> {
    pub fn bytes(&self, stream: Option<Stream>) -> Vec<u8> {
        let wanted = self.events.iter().filter(|event| stream.map_or(true, |stream| event.stream() == stream));
        wanted.flat_map(|event| event.raw()).copied().collect()
    }

    pub fn printed(&self, stream: Option<Stream>) -> String {
        String::from_utf8_lossy(&self.bytes(stream)).into_owned()
    }

    pub fn end(&self) -> &Event {
        self.events.last().expect("an event")
    }

    fn of_kind(&self, kind: EventKind) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |event| event.kind() == kind)
    }
}

pub fn same(got: impl Into<Json>, want: &Json) -> Check {
    let got = got.into();
    (got == *want).then_some(()).ok_or_else(|| format!("it is {got}, not {want}"))
}

fn contains(text: &str, part: &Json) -> Check {
    let part = part.as_str().ok_or("no text")?;
    text.contains(part).then_some(()).ok_or_else(|| format!("it is {text:?}, without {part:?}"))
}

/// Names in order, neighbours as one where `joins` says so.
fn story<'a>(names: impl Iterator<Item = String> + 'a, joins: fn(&str) -> bool) -> String {
    let mut all: Vec<String> = names.collect();
    all.dedup_by(|next, before| next == before && joins(next));
    all.join(" ")
}

fn prompts(run: &Played<'_>, secret: bool) -> Json {
    run.of_kind(EventKind::INPUT).filter(|event| event.secret() == secret).map(|event| event.prompt()).collect()
}

fn display(event: &Event) -> Json {
    let part =
        |part: capsule::Part<'_>| (part.mime_type.to_owned(), String::from_utf8_lossy(part.data).into_owned().into());
    Json::Object(event.parts().map(part).collect())
}

fn progress(event: &Event) -> Json {
    let total = event.progress_total();
    json!([event.progress_value(), if total.is_nan() { None } else { Some(total) }, event.progress_label()])
}

/// Numbers as numbers: 1 and 1.0 are the same.
fn same_numbers(got: &Json, want: &Json) -> bool {
    match (got, want) {
        (Json::Array(got), Json::Array(want)) => {
            got.len() == want.len() && got.iter().zip(want).all(|(got, want)| same_numbers(got, want))
        }
        (Json::Number(got), Json::Number(want)) => got.as_f64() == want.as_f64(),
        _ => got == want,
    }
}

fn effects(end: &Event) -> Json {
    let names = ["files", "network", "processes", "signals", "native"];
    names.iter().enumerate().filter(|(bit, _)| end.effects().0 >> bit & 1 != 0).map(|(_, name)| *name).collect()
}

fn of_output(run: &Played<'_>, key: &str, want: &Json) -> Option<Check> {
    let outputs = || run.of_kind(EventKind::OUTPUT);
    Some(match key {
        "stdout" => same(run.printed(Some(Stream::STDOUT)), want),
        "stderr" => same(run.printed(Some(Stream::STDERR)), want),
        "output" => same(run.printed(None), want),
        "stdout_size" => same(run.bytes(Some(Stream::STDOUT)).len(), want),
        "text" => same(outputs().map(|event| event.data()).collect::<String>(), want),
        "events" => same(story(run.events.iter().map(|event| event.kind().to_string()), |name| name == "output"), want),
        "origins" => same(story(outputs().map(|event| event.origin().to_string()), |_| true), want),
        "displays" => same(run.of_kind(EventKind::DISPLAY).map(display).collect::<Json>(), want),
        "progress" => {
            let got: Json = run.of_kind(EventKind::PROGRESS).map(progress).collect();
            same_numbers(&got, want).then_some(()).ok_or_else(|| format!("it is {got}, not {want}"))
        }
        "prompts" => same(prompts(run, false), want),
        "input_promises" => {
            same(run.of_kind(EventKind::INPUT).map(|event| event.input_promise()).collect::<Json>(), want)
        }
        "secret_prompts" => same(prompts(run, true), want),
        "left_out_bytes" => same(run.end().left_out_bytes(), want),
        "left_out_lines" => same(run.end().left_out_lines(), want),
        "session_state" => same(run.session.info().map_err(|error| error.to_string()).ok()?.state.to_string(), want),
        _ => return None,
    })
}

fn of_value(end: &Event, key: &str, want: &Json) -> Option<Check> {
    Some(match key {
        "repr" => same(end.repr(), want),
        "type" => same(end.type_name(), want),
        "type_contains" => contains(end.type_name().unwrap_or_default(), want),
        "repr_size_bytes" => same(end.repr_size_bytes(), want),
        "json" => serde_json::from_str::<Json>(end.json().unwrap_or("\"absent\""))
            .map_err(|error| error.to_string())
            .and_then(|got| same(got, want)),
        "json_absent" => same(end.json().is_none(), want),
        "value" => same(end.value().map(|value| String::from_utf8_lossy(value.data()).into_owned()), want),
        "value_refused" => same(end.value_status().to_string(), want),
        _ => return None,
    })
}

fn of_end(end: &Event, key: &str, want: &Json) -> Option<Check> {
    Some(match key {
        "code_class" => same(end.code_class().to_string(), want),
        "outcome" => same(end.outcome().to_string(), want),
        "error_type" => same(end.error_type(), want),
        "message" => same(end.message(), want),
        "message_contains" => contains(end.message(), want),
        "traceback_contains" => {
            let text = end.traceback().unwrap_or_default();
            want.as_array()?.iter().try_for_each(|part| contains(text, part))
        }
        "cancel_phase" => same(end.cancel_phase().to_string(), want),
        "death_reason" => same(end.death_reason().to_string(), want),
        "exit_code" => same(end.exit_code(), want),
        "signal_number" => same(end.signal_number(), want),
        "state" => same(end.state().to_string(), want),
        "restored_checkpoint" => same(end.restored_checkpoint(), want),
        "effects" => same(effects(end), want),
        _ => return None,
    })
}

pub fn check(run: &Played<'_>, key: &str, want: &Json) -> Check {
    let end = run.end();
    of_output(run, key, want)
        .or_else(|| of_value(end, key, want))
        .or_else(|| of_end(end, key, want))
        .unwrap_or_else(|| Err("an unknown expectation".to_owned()))
        .map_err(|reason| format!("{key}: {reason}; the end was {end:?}"))
}
