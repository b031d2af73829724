package capsule_test

// Plays tests/scenarios/*.json, the conduct that every binding shares; their README describes the format.

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"capsule"
)

// player has what a scenario has made besides its session, by the labels it gives.
type player struct {
	ctx       context.Context
	runtime   *capsule.Runtime
	host      *host
	pool      *capsule.Pool
	store     *capsule.PromiseStore
	snapshots map[string]*capsule.Snapshot
	sessions  map[string]*capsule.Session // The scenario's own has the empty label.
}

// played is one execution and all that it told.
type played struct {
	session *capsule.Session
	events  []capsule.Event
	end     *capsule.Event
}

func (p *played) printed(stream capsule.Stream) string {
	var text strings.Builder
	for _, event := range p.events {
		if stream == 0 || event.Stream == stream {
			text.WriteString(event.Raw)
		}
	}
	return text.String()
}

// Takes events to the end; answers, cancels and interrupts on the way.
func (p *player) follow(execution *capsule.Execution, s *step, run *played) error {
	cancelAfter, interruptAfter, answered := s.CancelAfter, s.InterruptAfter, 0
	reached := func(mark *string) bool {
		now := *mark != "" && strings.Contains(run.printed(0), *mark)
		if now {
			*mark = ""
		}
		return now
	}
	for run.end == nil {
		event, err := execution.Next(p.ctx)
		if err != nil {
			return err
		}
		run.events = append(run.events, *event)
		if event.Terminal() {
			run.end = event
		}
		if event.Kind == capsule.EventInput && s.CancelAfter == "" && !s.Unanswered {
			if answered == len(s.Inputs) {
				return fmt.Errorf("one more input request than answers: %q", event.Prompt)
			}
			err = p.answer(execution, event, s, s.Inputs[answered])
			answered++
		}
		if err == nil && reached(&cancelAfter) {
			grace := time.Duration(-1)
			if s.GraceMs != nil && *s.GraceMs >= 0 {
				grace = time.Duration(*s.GraceMs) * time.Millisecond
			}
			err = execution.Cancel(grace)
		}
		if err == nil && reached(&interruptAfter) {
			err = execution.Interrupt()
		}
		if err != nil {
			return err
		}
	}
	if answered != len(s.Inputs) || cancelAfter+interruptAfter != "" {
		return fmt.Errorf("%d of %d answers were given; %q never came", answered, len(s.Inputs), cancelAfter+interruptAfter)
	}
	return nil
}

func (p *player) execute(session *capsule.Session, s *step) error {
	execution, err := p.begin(session, s, s.Execute)
	if err != nil {
		return err
	}
	defer execution.Close()
	if s.Expect == nil {
		return nil
	}
	run := &played{session: session}
	if err := p.follow(execution, s, run); err != nil {
		return err
	}
	for key, want := range s.Expect {
		expectation := expectations[key]
		if expectation == nil {
			return fmt.Errorf("an unknown expectation %q", key)
		}
		if err := expectation(run, want); err != nil {
			return fmt.Errorf("%s: %w; the end was %s, %s: %s", key, err, run.end.Outcome, run.end.ErrorType, run.end.Message)
		}
	}
	return nil
}

func (p *player) get(session *capsule.Session, s *step) error {
	kind := capsule.ValueJSON
	want := s.Text
	switch {
	case s.Text != nil:
		kind = capsule.ValueText
	case s.Repr != nil:
		kind, want = capsule.ValueRepr, s.Repr
	}
	value, err := session.Get(p.ctx, *s.Get, kind)
	if err != nil {
		return err
	}
	if want != nil {
		return same(string(value.Data), *want)
	}
	return sameJSON(value.Data, s.JSON)
}

func (p *player) checkpoint(session *capsule.Session, s *step) error {
	if s.ForgetCheckpoint != nil {
		return session.ForgetCheckpoint(*s.ForgetCheckpoint)
	}
	if s.KeepCheckpoint != nil {
		options := capsule.DefaultCheckpointOptions()
		options.Name = *s.KeepCheckpoint
		made, err := session.Checkpoint(p.ctx, options)
		if err != nil {
			return err
		}
		defer made.Close()
		return session.KeepCheckpoint(made)
	}
	found, err := session.FindCheckpoint(*s.RestoreCheckpoint)
	if err != nil {
		return err
	}
	defer found.Close()
	_, err = session.RestoreCheckpoint(p.ctx, found, 0)
	return err
}

func (p *player) copyOf(session *capsule.Session, s *step) (err error) {
	switch {
	case s.Snapshot != nil:
		p.snapshots[*s.Snapshot], err = session.Snapshot(p.ctx)
	case s.Restore != nil:
		err = session.Restore(p.ctx, p.snapshots[*s.Restore])
	case s.Of != nil:
		p.sessions[*s.Branch], err = p.snapshots[*s.Of].Branch(p.ctx)
	default:
		p.sessions[*s.Branch], err = session.Branch(p.ctx)
	}
	return err
}

func (p *player) try(s *step) error {
	session := p.sessions[s.In]
	strategy, err := number([]string{"overwrite", "keep", "conflict"}, s.Strategy)
	if err != nil {
		return err
	}
	switch {
	case s.Execute != nil:
		return p.execute(session, s)
	case s.Recorded != nil:
		return p.recorded(session, s)
	case s.Promise != nil:
		return p.promise(s)
	case s.Set != nil && s.Text != nil:
		return session.Set(p.ctx, *s.Set, capsule.Text(*s.Text), capsule.SetStrategy(strategy))
	case s.Set != nil:
		return session.Set(p.ctx, *s.Set, &capsule.Value{Kind: capsule.ValueJSON, Data: s.JSON}, capsule.SetStrategy(strategy))
	case s.Update != nil:
		return session.Update(p.ctx, inputs(s.Update), capsule.SetStrategy(strategy))
	case s.Get != nil:
		return p.get(session, s)
	case s.Delete != nil:
		return session.Delete(p.ctx, *s.Delete)
	case s.Restart:
		return session.Restart(p.ctx)
	case s.Close != nil:
		return session.Shutdown(time.Duration(*s.Close) * time.Millisecond)
	case s.KeepCheckpoint != nil || s.RestoreCheckpoint != nil || s.ForgetCheckpoint != nil:
		return p.checkpoint(session, s)
	case s.Snapshot != nil || s.Restore != nil || s.Branch != nil:
		return p.copyOf(session, s)
	case s.Acquire != nil || s.GiveBack != nil:
		return p.pooled(s)
	case s.Calls != nil:
		return p.host.check(s.Calls)
	case s.Metrics != nil:
		return p.metrics(session, s)
	case s.Trace != nil:
		return p.trace(session, s)
	}
	return fmt.Errorf("a step without an action")
}

func (p *player) play(s *step) error {
	err := p.try(s)
	if s.Refused == "" {
		return err
	}
	return same(capsule.StatusOf(err).String(), s.Refused)
}

func play(runtime *capsule.Runtime, data []byte) error {
	var scenario scenario
	if err := strict(data, &scenario); err != nil {
		return err
	}
	options, err := scenario.Session.options()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	p := &player{ctx: ctx, runtime: runtime, snapshots: map[string]*capsule.Snapshot{}, sessions: map[string]*capsule.Session{}}
	defer p.close()
	if err := p.open(&scenario, options); err != nil {
		return err
	}
	for i := range scenario.Steps {
		if err := p.play(&scenario.Steps[i]); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return nil
}

func (p *player) open(scenario *scenario, options *capsule.SessionOptions) (err error) {
	if scenario.Bridge != nil {
		if p.host, err = newHost(p.runtime, scenario.Bridge); err != nil {
			return err
		}
		if options.Rules, err = scenario.Bridge.rules(); err != nil {
			return err
		}
		options.Bridge = p.host.bridge
	}
	if scenario.Promises {
		if p.store, err = p.runtime.OpenPromises(nil); err != nil {
			return err
		}
	}
	if scenario.Pool == nil {
		p.sessions[""], err = p.runtime.Open(p.ctx, options)
		return err
	}
	pooled, err := scenario.Pool.options(options)
	if err != nil {
		return err
	}
	if p.pool, err = p.runtime.OpenPool(pooled); err != nil {
		return err
	}
	return p.pool.WaitReady(p.ctx)
}

// The host serves as long as there is a session that calls.
func (p *player) close() {
	for _, session := range p.sessions {
		if session != nil {
			session.Close()
		}
	}
	for _, snapshot := range p.snapshots {
		if snapshot != nil {
			snapshot.Close()
		}
	}
	if p.pool != nil {
		p.pool.Close()
	}
	if p.host != nil {
		p.host.bridge.Close()
	}
	if p.store != nil {
		p.store.Close()
	}
}

func TestEveryScenarioPlaysAsWritten(t *testing.T) {
	files, err := filepath.Glob("../../tests/scenarios/*.json")
	if err != nil || len(files) < 120 {
		t.Fatalf("%d scenarios: %v", len(files), err)
	}
	runtime := newRuntime(t)
	var mutex sync.Mutex
	outcomes := map[string]string{}
	t.Cleanup(func() { writeOutcomes(t, outcomes) })
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err == nil {
				err = play(runtime, data)
			}
			mutex.Lock()
			defer mutex.Unlock()
			outcomes[name] = "ok"
			if err != nil {
				outcomes[name] = "failed"
				t.Error(err)
			}
		})
	}
}

// For the table of scenarios and bindings that is printed at the end of all tests.
func writeOutcomes(t *testing.T, outcomes map[string]string) {
	folder := os.Getenv("CAPSULE_CONFORMANCE_DIR")
	if folder == "" {
		return
	}
	data, err := json.MarshalIndent(outcomes, "", "  ")
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "go.json"), append(data, '\n'), 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}

func same[T comparable](got, want T) error {
	if got != want {
		return fmt.Errorf("it is %#v, not %#v", got, want)
	}
	return nil
}

func parse(data []byte) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

func sameJSON(got, want []byte) error {
	a, err := parse(got)
	if err != nil {
		return fmt.Errorf("%q is no JSON: %w", got, err)
	}
	b, err := parse(want)
	if err != nil || !reflect.DeepEqual(a, b) {
		return fmt.Errorf("it is %s, not %s", got, want)
	}
	return nil
}

// As JSON, for lists and objects.
func sameAsJSON(got any, want json.RawMessage) error {
	data, err := json.Marshal(got)
	if err != nil {
		return err
	}
	return sameJSON(data, want)
}

func progressOf(event *capsule.Event) []any {
	total := any(event.ProgressTotal)
	if math.IsNaN(event.ProgressTotal) {
		total = nil
	}
	return []any{event.ProgressValue, total, event.ProgressLabel}
}
