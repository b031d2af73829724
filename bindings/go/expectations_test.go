package capsule_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"capsule"
)

type expectation func(run *played, want json.RawMessage) error

// An expectation whose value is compared as it is.
func is[T comparable](get func(run *played) T) expectation {
	return func(run *played, raw json.RawMessage) error {
		var want T
		if err := json.Unmarshal(raw, &want); err != nil {
			return err
		}
		return same(get(run), want)
	}
}

// An expectation of a text that may be absent: null.
func may(get func(run *played) *string) expectation {
	return func(run *played, raw json.RawMessage) error {
		return sameAsJSON(get(run), raw)
	}
}

func contains(get func(run *played) string) expectation {
	return func(run *played, raw json.RawMessage) error {
		var part string
		if err := json.Unmarshal(raw, &part); err != nil {
			return err
		}
		if text := get(run); !strings.Contains(text, part) {
			return fmt.Errorf("it is %q, without %q", text, part)
		}
		return nil
	}
}

func list(get func(run *played) any) expectation {
	return func(run *played, raw json.RawMessage) error { return sameAsJSON(get(run), raw) }
}

func or(text *string, otherwise string) string {
	if text == nil {
		return otherwise
	}
	return *text
}

func prompts(secret bool) expectation {
	return list(func(run *played) any {
		prompts := []string{}
		for _, event := range run.events {
			if event.Kind == capsule.EventInput && event.Secret == secret {
				prompts = append(prompts, event.Prompt)
			}
		}
		return prompts
	})
}

func inputPromises(run *played) any {
	promises := []*string{}
	for _, event := range run.events {
		if event.Kind == capsule.EventInput {
			promises = append(promises, event.InputPromise)
		}
	}
	return promises
}

// The kinds in order, neighbouring outputs as one.
func story(run *played) string {
	var kinds []string
	last := capsule.EventKind(0)
	for _, event := range run.events {
		if event.Kind != capsule.EventOutput || last != capsule.EventOutput {
			kinds = append(kinds, event.Kind.String())
		}
		last = event.Kind
	}
	return strings.Join(kinds, " ")
}

func origins(run *played) string {
	var origins []string
	for _, event := range run.events {
		if event.Kind == capsule.EventOutput && (len(origins) == 0 || origins[len(origins)-1] != event.Origin.String()) {
			origins = append(origins, event.Origin.String())
		}
	}
	return strings.Join(origins, " ")
}

func displays(run *played) any {
	displays := []map[string]string{}
	for _, event := range run.events {
		if event.Kind == capsule.EventDisplay {
			parts := map[string]string{}
			for _, part := range event.Parts {
				parts[part.MimeType] = part.Data
			}
			displays = append(displays, parts)
		}
	}
	return displays
}

// Compared as numbers: encoding/json writes 1.0 as 1.
func progress(run *played, raw json.RawMessage) error {
	got, want := []any{}, []any{}
	for _, event := range run.events {
		if event.Kind == capsule.EventProgress {
			got = append(got, progressOf(&event))
		}
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		return err
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("it is %v, not %v", got, want)
	}
	return nil
}

func effects(run *played) any {
	effects := []string{}
	for bit, name := range []string{"files", "network", "processes", "signals", "native"} {
		if run.end.Effects>>bit&1 != 0 {
			effects = append(effects, name)
		}
	}
	return effects
}

func tracebackContains(run *played, raw json.RawMessage) error {
	var parts []string
	if err := json.Unmarshal(raw, &parts); err != nil {
		return err
	}
	for _, part := range parts {
		if text := or(run.end.Traceback, ""); !strings.Contains(text, part) {
			return fmt.Errorf("it is %q, without %q", text, part)
		}
	}
	return nil
}

func value(run *played) *string {
	if run.end.Value == nil {
		return nil
	}
	text := string(run.end.Value.Data)
	return &text
}

func sessionState(run *played) string {
	info, err := run.session.Info()
	if err != nil {
		return err.Error()
	}
	return info.State.String()
}

var expectations = map[string]expectation{
	"stdout":         is(func(run *played) string { return run.printed(capsule.StreamStdout) }),
	"stderr":         is(func(run *played) string { return run.printed(capsule.StreamStderr) }),
	"output":         is(func(run *played) string { return run.printed(0) }),
	"stdout_size":    is(func(run *played) int { return len(run.printed(capsule.StreamStdout)) }),
	"events":         is(story),
	"origins":        is(origins),
	"displays":       list(displays),
	"progress":       progress,
	"prompts":        prompts(false),
	"secret_prompts": prompts(true),
	"input_promises": list(inputPromises),
	"text": is(func(run *played) string {
		var text strings.Builder
		for _, event := range run.events {
			text.WriteString(event.Data)
		}
		return text.String()
	}),
	"left_out_bytes":  is(func(run *played) uint64 { return run.end.LeftOutBytes }),
	"left_out_lines":  is(func(run *played) uint64 { return run.end.LeftOutLines }),
	"session_state":   is(sessionState),
	"repr":            may(func(run *played) *string { return run.end.Repr }),
	"type":            may(func(run *played) *string { return run.end.TypeName }),
	"type_contains":   contains(func(run *played) string { return or(run.end.TypeName, "") }),
	"repr_size_bytes": is(func(run *played) uint64 { return run.end.ReprSizeBytes }),
	"json": func(run *played, want json.RawMessage) error {
		return sameJSON([]byte(or(run.end.JSON, `"absent"`)), want)
	},
	"json_absent":         is(func(run *played) bool { return run.end.JSON == nil }),
	"value":               may(value),
	"value_refused":       is(func(run *played) string { return run.end.ValueStatus.String() }),
	"code_class":          is(func(run *played) string { return run.end.CodeClass.String() }),
	"outcome":             is(func(run *played) string { return run.end.Outcome.String() }),
	"error_type":          is(func(run *played) string { return run.end.ErrorType }),
	"message":             is(func(run *played) string { return run.end.Message }),
	"message_contains":    contains(func(run *played) string { return run.end.Message }),
	"traceback_contains":  tracebackContains,
	"cancel_phase":        is(func(run *played) string { return run.end.CancelPhase.String() }),
	"death_reason":        is(func(run *played) string { return run.end.DeathReason.String() }),
	"exit_code":           is(func(run *played) int32 { return run.end.ExitCode }),
	"signal_number":       is(func(run *played) int32 { return run.end.SignalNumber }),
	"state":               is(func(run *played) string { return run.end.State.String() }),
	"restored_checkpoint": may(func(run *played) *string { return run.end.RestoredCheckpoint }),
	"effects":             list(effects),
}
