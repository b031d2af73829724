package capsule_test

// What a scenario has besides sessions: a pool, functions of the host; and what it reads of them.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"

	"capsule"
)

type bridgeKeys struct {
	Capabilities []capabilityKeys `json:"capabilities"`
	Rules        []ruleKeys       `json:"rules"`
}

type capabilityKeys struct {
	Name          string `json:"name"`
	Parameters    string `json:"parameters"`
	TimeoutMs     *int64 `json:"timeout_ms"`
	Idempotent    bool   `json:"idempotent"`
	NeedsApproval bool   `json:"needs_approval"`
	Returns       any    `json:"returns"`
	Echo          bool   `json:"echo"`
	Fails         *struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	} `json:"fails"`
	Chunks   []any `json:"chunks"`
	Collects bool  `json:"collects"`
	Silent   bool  `json:"silent"`
	Approve  bool  `json:"approve"`
}

type ruleKeys struct {
	Capability string `json:"capability"`
	Decision   string `json:"decision"`
	MaxCalls   uint64 `json:"max_calls"`
}

// host serves what a scenario offers, and remembers the calls.
type host struct {
	bridge *capsule.Bridge
	mutex  sync.Mutex
	calls  []any
}

func newHost(runtime *capsule.Runtime, keys *bridgeKeys) (*host, error) {
	bridge, err := runtime.OpenBridge(nil)
	if err != nil {
		return nil, err
	}
	h := &host{bridge: bridge, calls: []any{}}
	for i := range keys.Capabilities {
		if err := h.offer(&keys.Capabilities[i]); err != nil {
			bridge.Close()
			return nil, err
		}
	}
	return h, nil
}

func (h *host) offer(keys *capabilityKeys) error {
	capability := capsule.DefaultCapability()
	capability.Name, capability.Parameters = keys.Name, keys.Parameters
	assign(&capability.TimeoutMs, keys.TimeoutMs)
	if keys.Idempotent {
		capability.Flags |= capsule.CapabilityIdempotent
	}
	if keys.NeedsApproval {
		capability.Flags |= capsule.CapabilityNeedsApproval
	}
	if keys.Chunks != nil {
		capability.Flags |= capsule.CapabilityStream
	}
	if keys.Collects {
		capability.Flags |= capsule.CapabilityUpload
	}
	h.bridge.Approve(keys.Name, func(*capsule.Call) bool { return keys.Approve })
	return h.bridge.Register(capability, func(ctx context.Context, call *capsule.Call) (any, error) {
		h.mutex.Lock()
		h.calls = append(h.calls, []any{call.Capability, call.Arguments})
		h.mutex.Unlock()
		return keys.answer(ctx, call)
	})
}

func (k *capabilityKeys) answer(ctx context.Context, call *capsule.Call) (any, error) {
	switch {
	case k.Silent:
		<-ctx.Done()
		return nil, ctx.Err()
	case k.Fails != nil:
		return nil, &capsule.PythonError{Type: k.Fails.Type, Message: k.Fails.Message}
	case k.Echo:
		return call.Arguments, nil
	case k.Collects:
		return received(ctx, call)
	case k.Chunks == nil:
		return k.Returns, nil
	}
	for _, chunk := range k.Chunks {
		if err := call.Send(ctx, chunk); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func received(ctx context.Context, call *capsule.Call) (any, error) {
	pieces := []any{}
	for {
		piece, err := call.Receive(ctx)
		if errors.Is(err, io.EOF) {
			return pieces, nil
		}
		if err != nil {
			return nil, err
		}
		if piece.Kind == capsule.ValueText {
			pieces = append(pieces, string(piece.Data))
		} else {
			pieces = append(pieces, json.RawMessage(piece.Data))
		}
	}
}

func (h *host) check(want json.RawMessage) error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return sameAsJSON(h.calls, want)
}

func (k *bridgeKeys) rules() (rules []capsule.Rule, err error) {
	for _, given := range k.Rules {
		decision, err := number([]string{"deny", "ask", "allow"}, given.Decision)
		if err != nil {
			return nil, err
		}
		rules = append(rules, capsule.Rule{Capability: given.Capability, Decision: capsule.Decision(decision), MaxCalls: given.MaxCalls})
	}
	return rules, nil
}

func (p *player) pooled(s *step) error {
	if s.GiveBack != nil {
		session := p.sessions[*s.GiveBack]
		delete(p.sessions, *s.GiveBack)
		return p.pool.GiveBack(session)
	}
	options := capsule.DefaultAcquireOptions()
	assign(&options.TimeoutMs, s.TimeoutMs)
	session, err := p.pool.Acquire(p.ctx, options)
	if err == nil {
		p.sessions[*s.Acquire] = session
	}
	return err
}

func (p *player) record(session *capsule.Session, which string) (any, error) {
	switch which {
	case "runtime":
		return p.runtime.Info()
	case "pool":
		return p.pool.Metrics()
	case "pool_info":
		return p.pool.Info()
	case "session":
		return session.Info()
	case "executor":
		return session.ExecutorMetrics()
	case "async":
		return session.AsyncMetrics()
	case "limiter":
		return session.LimiterMetrics()
	case "bridge":
		return session.BridgeMetrics()
	}
	return nil, fmt.Errorf("unknown metrics %q", which)
}

func (p *player) metrics(session *capsule.Session, s *step) error {
	record, err := p.record(session, *s.Metrics)
	if err != nil {
		return err
	}
	for name, want := range s.Fields {
		// The names are the same but for case.
		field := reflect.ValueOf(record).FieldByNameFunc(func(other string) bool {
			return strings.EqualFold(other, strings.ReplaceAll(name, "_", ""))
		})
		got := float64(0)
		switch {
		case field.CanUint():
			got = float64(field.Uint())
		case field.CanInt():
			got = float64(field.Int())
		case field.CanFloat():
			got = field.Float()
		case field.IsValid() && field.Kind() == reflect.Bool:
			if field.Bool() {
				got = 1
			}
		default:
			return fmt.Errorf("there is no number %s", name)
		}
		if got != want {
			return fmt.Errorf("%s is %v, not %v", name, got, want)
		}
	}
	return nil
}

func (p *player) trace(session *capsule.Session, s *step) error {
	read := func(filter *capsule.TraceFilter) ([]capsule.TraceEvent, capsule.TraceInfo, error) {
		return session.Trace(filter)
	}
	if s.Of != nil && *s.Of == "pool" {
		read = p.pool.Trace
	}
	events, _, err := read(&capsule.TraceFilter{Kind: capsule.TraceKind(s.Group)})
	if err != nil {
		return err
	}
	names := []string{}
	for _, event := range events {
		names = append(names, event.Kind.String())
	}
	return sameAsJSON(names, s.Trace)
}

func strict(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
